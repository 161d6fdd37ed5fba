import type { ControlClient } from '../../rpc/service-types.ts';
import type { ImageSummary } from '../../rpc/stream-kinds.ts';
import { connect } from '../connection/connect.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { askImage } from '../images/ask-image.ts';
import { askHosts, imageHosts, type HostAnswer, type ImageHost } from '../images/image-hosts.ts';
import { containerRows, hostRows, renderRows } from '../images/image-rows.ts';
import { pruneImages } from '../images/prune-images.ts';
import { removeImage, type ImageRemoval } from '../images/remove-image.ts';
import { confirm } from '../output/confirm.ts';
import { readRowFormat, rowFormatFlag } from '../output/format-flag.ts';
import { formatBytes } from '../../model/format-bytes.ts';
import { writeOutput } from '../output/write-output.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';

const flags = {
  all: {
    type: 'boolean',
    short: 'a',
    help: 'List every image of all hosts rather than those of the containers; with prune: named images, too',
  },
  force: {
    type: 'boolean',
    help: 'With rm: remove the name although containers use the image; with prune: do not ask',
  },
  format: rowFormatFlag,
  node: { type: 'strings', value: 'NODE', help: 'Only on these hosts of the cluster' },
  quiet: { type: 'boolean', short: 'q', help: 'Print only the ids' },
} as const;

type ImagesContext = CommandContext<typeof flags>;

/** `tsstack images` */
export const images = defineVerb({
  name: 'images',
  usage: '[SERVICE...] | rm IMAGE... | prune',
  arity: [0, null],
  flags,
  run,
});

async function run(context: ImagesContext): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const [word, ...rest] = context.arguments;
  if (word === 'rm') return remove(context, rest);
  if (word === 'prune' && rest.length === 0) return prune(context);
  const { quiet, all } = context.flags;
  const { rows, hostCount } = all ? await listHosts(context) : await listContainers(context);
  await writeOutput(context.io.stdout, renderRows(rows, { quiet, format, hostCount }));
  return 0;
}

interface Listing {
  readonly rows: ReturnType<typeof hostRows>;
  readonly hostCount: number;
}

async function listHosts(context: ImagesContext): Promise<Listing> {
  const control = await connect(context, 'start');
  const hosts = await imageHosts(control, context.flags.node);
  return { rows: hostRows(await listImages(context, control, hosts)), hostCount: hosts.length };
}

async function listContainers(context: ImagesContext): Promise<Listing> {
  const { control, tasks, nodes } = await openStack(context, context.arguments);
  const chosen = await imageHosts(control, context.flags.node);
  const ids = new Set(chosen.map(({ id }) => id));
  const containers = selectTasks(tasks, context.arguments, { oneOffs: true }).filter(
    ({ nodeId, status }) => status.container !== null && nodeId !== null && ids.has(nodeId),
  );
  const hosts = chosen.filter(({ id }) => containers.some(({ nodeId }) => nodeId === id));
  const answers = hosts.length === 0 ? [] : await listImages(context, control, hosts);
  return { rows: containerRows(containers, answers), hostCount: nodes.size };
}

function listImages(
  { io }: ImagesContext,
  control: ControlClient,
  hosts: readonly ImageHost[],
): Promise<readonly HostAnswer<{ readonly images: readonly ImageSummary[] }>[]> {
  return askHosts(
    hosts,
    (target) => askImage(control, 'image.list', {}, target),
    (problem) => writeWarnings(io, [`${problem}: what it has is left out`]),
  );
}

async function remove(context: ImagesContext, references: readonly string[]): Promise<number> {
  if (references.length === 0) throw new UsageError('images rm needs an image', 'usage: tsstack images rm IMAGE...');
  const removal = await openRemoval(context);
  for (const reference of references) {
    for (const name of await removeImage(removal, reference)) context.io.stdout.write(`${name}\n`);
  }
  return 0;
}

async function prune(context: ImagesContext): Promise<number> {
  const { all, force } = context.flags;
  const what = all ? 'images that no container uses' : 'images without a name that no container uses';
  if (!force && !(await confirm(context.io, `This removes all ${what}.\nAre you sure?`))) return 0;
  const { removed, freedBytes } = await pruneImages(await openRemoval(context), all);
  for (const name of removed) context.io.stdout.write(`${name}\n`);
  context.io.stdout.write(`Total reclaimed space: ${formatBytes(freedBytes)}\n`);
  return 0;
}

async function openRemoval(context: ImagesContext): Promise<ImageRemoval> {
  const { io, flags: given } = context;
  const control = await connect(context, 'start');
  return { control, io, hosts: await imageHosts(control, given.node), force: given.force };
}
