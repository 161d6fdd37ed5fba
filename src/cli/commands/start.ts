import { TsstackError } from '../../model/errors.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { isUp } from '../output/container-row.ts';
import { showDryRun } from '../output/dry-run.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { actOnTasks } from '../tasks/act-on-tasks.ts';
import { withWaitTimeout } from '../tasks/wait-timeout.ts';

const flags = {
  wait: { type: 'boolean', help: 'Wait until services are running, and healthy where they have a check' },
  'wait-timeout': { type: 'integer', value: 'SECONDS', help: 'Longest wait' },
} as const;

/** `tsstack start` */
export const start = defineVerb({ name: 'start', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const services = context.arguments;
  const { name, control, tasks } = await openStack(context, services);
  const targets = selectTasks(tasks, services, { oneOffs: false });
  const missing = services.find((service) => targets.every((task) => task.service !== service));
  if (missing !== undefined) throw nothingToStart(`service "${missing}"`);
  if (targets.length === 0) throw nothingToStart(`stack ${name}`);
  if (context.globals['dry-run']) {
    showDryRun(
      context,
      'start',
      targets.filter((task) => !isUp(task)),
      'Started',
    );
    return 0;
  }
  await withWaitTimeout(context.flags['wait-timeout'], (signal) =>
    actOnTasks(context, control, {
      title: 'start',
      request: { stack: name, action: 'start', services },
      goal: context.flags.wait ? 'ready' : 'started',
      known: tasks,
      change: 'start',
      signal,
    }),
  );
  return 0;
}

function nothingToStart(what: string): TsstackError {
  return new TsstackError('not-found', `${what} has no container to start`, { hint: 'create it with `tsstack up`' });
}
