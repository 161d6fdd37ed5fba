/** The subcommands of the verbs for objects of their own. */
import { didYouMean } from '../../stack/suggest.ts';
import { connect } from '../connection/connect.ts';
import { UsageError } from '../errors.ts';
import { confirm } from '../output/confirm.ts';
import { readRowFormat } from '../output/format-flag.ts';
import { listText, type List } from '../output/list-text.ts';
import { nodeName } from '../output/placed-container.ts';
import { writeOutput } from '../output/write-output.ts';
import { listObjects } from '../tasks/list-tasks.ts';
import type { Creatable, ObjectContext, ObjectVerb } from './object-verb.ts';

type Shown<Thing extends Creatable> = Pick<
  ObjectVerb<Thing, never>,
  'kind' | 'name' | 'titles' | 'cells' | 'describe' | 'nodeOf'
>;
type Connecting = Pick<ObjectContext, 'globals' | 'io'>;

/** `create`: makes the object and prints its name. */
export async function createObject(
  kind: Creatable['kind'],
  context: Connecting,
  spec: Creatable['spec'],
): Promise<void> {
  const control = await connect(context, 'start');
  await control.createObject({ kind, spec: JSON.stringify(spec) });
  context.io.stdout.write(`${spec.name}\n`);
}

/** `ls` */
export async function listObjectsOf<Thing extends Creatable>(
  definition: Shown<Thing>,
  context: ObjectContext,
): Promise<void> {
  const format = readRowFormat(context.flags.format);
  const placed = await readAll(definition, context);
  await writeOutput(context.io.stdout, listText(listOf(definition, placed), context.flags.quiet, format));
}

function listOf<Thing extends Creatable>(definition: Shown<Thing>, placed: readonly Placed<Thing>[]): List {
  const hasPlaces = placed.some(({ node }) => node !== null);
  return {
    names: placed.map(({ object }) => object.name),
    objects: placed.map((one) => describePlaced(definition, one)),
    titles: [...definition.titles, ...(hasPlaces ? ['NODE'] : [])],
    cells: placed.map(({ object, node }) => [...definition.cells(object), ...(hasPlaces ? [node ?? ''] : [])]),
  };
}

function describePlaced<Thing extends Creatable>(
  { describe }: Pick<Shown<Thing>, 'describe'>,
  { object, node }: Placed<Thing>,
): Readonly<Record<string, unknown>> {
  return node === null ? describe(object) : { ...describe(object), Node: node };
}

/** `inspect`: a JSON array of what is known, in the order asked. */
export async function inspectObjects<Thing extends Creatable>(
  definition: Shown<Thing>,
  context: Connecting,
  words: readonly string[],
): Promise<void> {
  const placed = await readAll(definition, context);
  const found = words.map((word) => {
    const one = placed.find(({ object: { name, id } }) => name === word || id === word);
    if (one === undefined) {
      const near = didYouMean(
        word,
        placed.map(({ object: { name } }) => name),
      );
      throw new UsageError(`no such ${definition.kind}: ${word}`, near ?? `see \`tsstack ${definition.name} ls\``);
    }
    return describePlaced(definition, one);
  });
  await writeOutput(context.io.stdout, `${JSON.stringify(found, null, 2)}\n`);
}

/** `rm`: what is in use stays, and then everything does. */
export async function removeObjects(
  kind: Creatable['kind'],
  context: ObjectContext,
  words: readonly string[],
): Promise<void> {
  const control = await connect(context, 'if-known');
  const { names } = await control.removeObjects({ kind, names: words, ignoreMissing: context.flags.force });
  context.io.stdout.write(names.map((name) => `${name}\n`).join(''));
}

/** `prune`: what no container uses. */
export async function pruneObjects(kind: Creatable['kind'], context: ObjectContext): Promise<void> {
  const { all, force } = context.flags;
  const what = kind === 'volume' && !all ? 'anonymous volumes' : `${kind}s`;
  const question = `This removes all ${what} that no container uses.\nAre you sure?`;
  if (!force && !(await confirm(context.io, question))) return;
  const control = await connect(context, 'if-known');
  const { names } = await control.removeObjects({ kind, unused: true, all });
  context.io.stdout.write(names.map((name) => `${name}\n`).join(''));
}

interface Placed<Thing extends Creatable> {
  readonly object: Thing;
  /** The host that holds it; null where that is no question. */
  readonly node: string | null;
}

/** By name. What a stack only refers to is shown once, as the object that it is. */
async function readAll<Thing extends Creatable>(
  { kind, nodeOf }: Pick<Shown<Thing>, 'kind' | 'nodeOf'>,
  context: Connecting,
): Promise<readonly Placed<Thing>[]> {
  const kinds = nodeOf === undefined ? [kind] : [kind, 'node'];
  const view = await listObjects(await connect(context, 'if-known'), '', kinds);
  // Only objects of the kind were asked for.
  const objects = view.ofKind(kind) as unknown as readonly Thing[];
  const nodes = new Map(view.ofKind('node').map((node) => [node.id, node]));
  const place = (object: Thing): string | null =>
    nodeOf === undefined || nodes.size < 2 ? null : nodeName(nodeOf(object), nodes);
  return objects
    .filter(({ spec }) => !spec.external)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((object) => ({ object, node: place(object) }));
}
