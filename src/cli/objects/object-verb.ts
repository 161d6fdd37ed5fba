/** `tsstack volume`, `network`, `secret` and `config-object`: objects that belong to no stack. One definition per kind makes the verb. */
import { rowFormatFlag } from '../output/format-flag.ts';
import type { NetworkObject, PayloadObject, VolumeObject } from '../../model/objects.ts';
import { nearest } from '../../stack/suggest.ts';
import type { Flag } from '../command-line/flag.ts';
import { defineVerb, type AnyVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { createObject, inspectObjects, listObjectsOf, pruneObjects, removeObjects } from './object-actions.ts';

/** Objects that these verbs are about. */
export type Creatable = NetworkObject | VolumeObject | PayloadObject;

type Flags = Readonly<Record<string, Flag>>;

/** What a kind brings along. */
export interface ObjectVerb<Thing extends Creatable, Table extends Flags> {
  readonly kind: Thing['kind'];
  /** Of the verb. */
  readonly name: string;
  /** Arguments and flags of `create`. */
  readonly createUsage: string;
  readonly createArity: readonly [number, number];
  readonly createFlags: Table;
  /** Flags of `prune`; null where there is no such subcommand. */
  readonly pruneFlags: readonly string[] | null;
  /** The spec that `create` asks for. */
  spec(context: CommandContext<Table>, words: readonly string[]): Promise<Thing['spec']>;
  /** Titles and cells of `ls`. */
  readonly titles: readonly string[];
  cells(object: Thing): readonly string[];
  /** What `inspect` and `ls --format json` say, by the names of docker's tools. */
  describe(object: Thing): Readonly<Record<string, unknown>>;
  /** Id of the node that holds it, empty while none does; only where a kind is in one place, which several hosts make worth showing. */
  nodeOf?(object: Thing): string;
}

const commonFlags = {
  all: { type: 'boolean', short: 'a', help: 'prune: named volumes too' },
  force: { type: 'boolean', short: 'f', help: 'rm: pass over what is not there; prune: ask nothing' },
  format: { ...rowFormatFlag, help: `ls: ${rowFormatFlag.help}` },
  quiet: { type: 'boolean', short: 'q', help: 'ls: print only the names' },
} as const;

/** Context of one of these verbs, whatever `create` takes besides. */
export type ObjectContext = CommandContext<typeof commonFlags>;

/** The verb of a kind. */
export function objectVerb<Thing extends Creatable, const Table extends Flags>(
  definition: ObjectVerb<Thing, Table>,
): AnyVerb {
  const { name, createFlags } = definition;
  return defineVerb<Flags>({
    name,
    usage: usageOf(definition),
    arity: [1, null],
    flags: { ...createFlags, ...commonFlags, ...shownFlags(definition) },
    // The table of the verb is that of the kind and the common one, which the compiler cannot add up.
    run: (context) => run(definition, context as unknown as CommandContext<Table> & ObjectContext),
  });
}

type Described = Pick<ObjectVerb<Creatable, never>, 'name' | 'createUsage' | 'pruneFlags'>;

function usageOf({ createUsage, pruneFlags }: Described): string {
  return `create ${createUsage} | ls | inspect NAME... | rm NAME...${pruneFlags === null ? '' : ' | prune'}`;
}

/** The help does not speak of what the kind has no use for. */
function shownFlags({ pruneFlags }: Described): Flags {
  return {
    ...(pruneFlags?.includes('all') === true ? {} : { all: { ...commonFlags.all, hidden: true } }),
    ...(pruneFlags === null ? { force: { ...commonFlags.force, help: 'rm: pass over what is not there' } } : {}),
  };
}

interface Subcommand {
  readonly arity: readonly [number, number | null];
  readonly flags: readonly string[];
  readonly run: () => Promise<void>;
}

async function run<Thing extends Creatable, Table extends Flags>(
  definition: ObjectVerb<Thing, Table>,
  context: CommandContext<Table> & ObjectContext,
): Promise<number> {
  const [word = '', ...words] = context.arguments;
  const known = subcommands(definition, context, words);
  const subcommand = known[word];
  if (subcommand === undefined) throw unknown(definition.name, word, Object.keys(known));
  check(definition, word, subcommand, { given: context.given, words });
  await subcommand.run();
  return 0;
}

function subcommands<Thing extends Creatable, Table extends Flags>(
  definition: ObjectVerb<Thing, Table>,
  context: CommandContext<Table> & ObjectContext,
  words: readonly string[],
): Readonly<Record<string, Subcommand | undefined>> {
  const { kind, createArity, createFlags, pruneFlags } = definition;
  const list: Subcommand = {
    arity: [0, 0],
    flags: ['format', 'quiet'],
    run: () => listObjectsOf(definition, context),
  };
  const remove: Subcommand = { arity: [1, null], flags: ['force'], run: () => removeObjects(kind, context, words) };
  return {
    create: {
      arity: createArity,
      flags: Object.keys(createFlags),
      run: async () => createObject(kind, context, await definition.spec(context, words)),
    },
    ls: list,
    list,
    inspect: { arity: [1, null], flags: [], run: () => inspectObjects(definition, context, words) },
    rm: remove,
    remove,
    ...(pruneFlags === null
      ? {}
      : { prune: { arity: [0, 0] as const, flags: pruneFlags, run: () => pruneObjects(kind, context) } }),
  };
}

function check(
  definition: Described,
  word: string,
  { arity: [least, most], flags }: Subcommand,
  { given, words }: { readonly given: ReadonlySet<string>; readonly words: readonly string[] },
): void {
  const command = `tsstack ${definition.name} ${word}`;
  const usage = `usage: tsstack ${definition.name} ${usageOf(definition)}`;
  const stray = [...given].find((flag) => !flags.includes(flag));
  if (stray !== undefined) throw new UsageError(`${command} takes no --${stray}`, usage);
  if (words.length < least) throw new UsageError(`${command} needs more arguments`, usage);
  if (most !== null && words.length > most)
    throw new UsageError(`${command} takes no argument "${words[most] ?? ''}"`, usage);
}

function unknown(verb: string, word: string, names: readonly string[]): UsageError {
  const near = nearest(word, names);
  const hint = near === undefined ? `it takes ${names.join(', ')}` : `did you mean "${near}"?`;
  return new UsageError(`unknown subcommand "${word}" of tsstack ${verb}`, hint);
}
