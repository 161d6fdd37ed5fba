import { resolve } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { containerFiles } from '../files/container-files.ts';
import { directionOf, parseCopyArgument, type CopyDirection } from '../files/copy-argument.ts';
import { copyFiles, findSource, planCopy, requireDirectory, type CopyEnd } from '../files/copy-files.ts';
import { hostFiles } from '../files/host-files.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { writeOutput } from '../output/write-output.ts';
import { openStack } from '../project/existing-stack.ts';
import { openInput } from '../project/open-input.ts';
import { pickContainers, requireHostUp } from '../project/pick-containers.ts';

const flags = {
  all: { type: 'boolean', help: 'Copy into the containers of `run`, too' },
  archive: { type: 'boolean', short: 'a', help: 'Keep the numbers of users and groups' },
  'follow-link': { type: 'boolean', short: 'L', help: 'Copy what SRC points to, not the link' },
  index: { type: 'integer', value: 'N', help: 'Number of the container' },
} as const;

type Context = CommandContext<typeof flags>;

/** `tsstack cp` */
export const cp = defineVerb({
  name: 'cp',
  usage: 'SERVICE:SRC DEST|-  |  SRC|- SERVICE:DEST',
  arity: [2, 2],
  flags,
  run,
});

async function run(context: Context): Promise<number> {
  const [from = '', to = ''] = context.arguments;
  const direction = directionOf(parseCopyArgument(from), parseCopyArgument(to));
  const ends = await openEnds(context, direction);
  if (direction.to === 'container') await copyIn(context, direction, ends);
  else await copyOut(context, direction, ends[0]);
  return 0;
}

type Ends = readonly [CopyEnd, ...CopyEnd[]];

/** The containers: one to copy out of, all of the service to copy into. */
async function openEnds(context: Context, { service, path, to }: CopyDirection): Promise<Ends> {
  const { control, tasks, nodes } = await openStack(context, [service]);
  const { index, all } = context.flags;
  const [first, ...more] = pickContainers(tasks, service, { index, oneOffs: all });
  const chosen = to === 'host' ? [] : more;
  const end = (task: Parameters<typeof requireHostUp>[0]): CopyEnd => {
    requireHostUp(task, nodes);
    return { side: containerFiles(control, task), path };
  };
  return [end(first), ...chosen.map(end)];
}

async function copyIn(
  context: Context,
  { from }: Extract<CopyDirection, { to: 'container' }>,
  ends: Ends,
): Promise<void> {
  if (from.kind === 'stream') return copyStreamIn(context, ends);
  const source = { side: hostFiles(), path: absolute(context, from.path) };
  for (const end of ends) await copy(context, source, end);
}

/** A stream can be read once. */
async function copyStreamIn(context: Context, [end, ...more]: Ends): Promise<void> {
  if (more.length > 0) {
    throw new TsstackError('invalid', `copy standard input: the service has ${more.length + 1} containers`, {
      hint: 'choose one with --index',
    });
  }
  const input = openInput(context.io, '-') as AsyncIterable<Buffer>;
  const directory = await requireDirectory(end);
  if (context.globals['dry-run']) return tellDryRun(context, end);
  await end.side.insert({ directory, name: '.', keepOwners: context.flags.archive }, input);
}

async function copyOut(
  context: Context,
  { into }: Extract<CopyDirection, { to: 'host' }>,
  end: CopyEnd,
): Promise<void> {
  if (into.kind === 'host') return copy(context, end, { side: hostFiles(), path: absolute(context, into.path) });
  const { stdout } = context.io;
  if (stdout.isTTY === true)
    throw new TsstackError('invalid', 'standard output is a terminal', {
      hint: 'send the archive to a file: … - >FILE',
    });
  const { path, name, follow } = await findSource(end, context.flags['follow-link']);
  if (context.globals['dry-run']) return;
  for await (const chunk of end.side.pack({ path, name, follow })) await writeOutput(stdout, chunk);
}

async function copy(context: Context, from: CopyEnd, to: CopyEnd): Promise<void> {
  const copying = await planCopy(from, to, context.flags['follow-link']);
  if (context.globals['dry-run']) tellDryRun(context, to);
  else await copyFiles(copying, context.flags.archive);
}

function tellDryRun(context: Context, { side, path }: CopyEnd): void {
  const progress = openProgress(context, 'cp');
  progress.event({ id: `${side.name}: ${path}`, state: 'done', text: 'Copied' });
  progress.stop();
}

/** What stands at the end of a path means something, and `resolve` drops it. */
function absolute({ io }: Context, path: string): string {
  const end = /(^|\/)\.?$/.exec(path)?.[0] ?? '';
  const whole = resolve(io.cwd, path);
  return end === '' ? whole : `${whole}/${end.endsWith('.') ? '.' : ''}`;
}
