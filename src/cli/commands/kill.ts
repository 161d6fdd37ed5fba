import { TsstackError } from '../../model/errors.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { parallelLimit } from '../command-line/parallel-limit.ts';
import { readSignal } from '../command-line/read-signal.ts';
import { isUp } from '../output/container-row.ts';
import { showDryRun } from '../output/dry-run.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { openStack, selectTasks, type ExistingStack } from '../project/existing-stack.ts';
import { servicesOfFile } from '../project/known-services.ts';
import { callStream } from '../streams/open-stream.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';
import { actOnTasks } from '../tasks/act-on-tasks.ts';

const flags = {
  signal: { type: 'string', short: 's', value: 'SIGNAL', help: 'Signal to send, default SIGKILL' },
  'remove-orphans': { type: 'boolean', help: 'Remove containers of services that the file does not have' },
} as const;

/** `tsstack kill` */
export const kill = defineVerb({ name: 'kill', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const signal = readSignal(context.flags.signal ?? 'SIGKILL');
  const stack = await openStack(context, context.arguments);
  const targets = selectTasks([...stack.tasks, ...stack.leaving], context.arguments, { oneOffs: true }).filter(isUp);
  if (context.globals['dry-run']) {
    showDryRun(context, 'kill', targets, 'Killed');
    return 0;
  }
  if (targets.length === 0) context.io.stderr.write('No container to kill\n');
  const progress = openProgress(context, 'kill');
  try {
    await forEachLimited(targets, parallelLimit(context), async ({ id, containerName }) => {
      const name = `Container ${containerName}`;
      progress.event({ id: name, state: 'working', text: 'Killing' });
      await send(stack, id, signal);
      progress.event({ id: name, state: 'done', text: 'Killed' });
    });
  } finally {
    progress.stop();
  }
  if (context.flags['remove-orphans']) await removeOrphans(context, stack);
  return 0;
}

/** One that is on its way out may be gone by the time it is asked. */
async function send({ control, leaving }: ExistingStack, taskId: string, signal: string): Promise<void> {
  try {
    await callStream(control, 'signal', { signal }, { taskId });
  } catch (error) {
    const isGone = error instanceof TsstackError && (error.code === 'not-found' || error.code === 'conflict');
    if (!isGone || !leaving.some(({ id }) => id === taskId)) throw error;
  }
}

async function removeOrphans(
  context: CommandContext<typeof flags>,
  { name, control, tasks }: ExistingStack,
): Promise<void> {
  const known = await servicesOfFile(context);
  const orphans = tasks.filter((task) => !known.includes(task.service));
  if (known.length === 0 || orphans.length === 0) return;
  await actOnTasks(context, control, {
    title: 'kill',
    request: { stack: name, action: 'remove', taskIds: orphans.map(({ id }) => id), stopFirst: true, stopGraceMs: 0 },
    goal: 'removed',
    known: tasks,
    change: 'keep',
  });
}
