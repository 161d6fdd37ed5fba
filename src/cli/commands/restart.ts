import { graceMs, timeoutFlag } from '../command-line/common-flags.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { showDryRun } from '../output/dry-run.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { actOnTasks } from '../tasks/act-on-tasks.ts';
import { TsstackError } from '../../model/errors.ts';

const flags = {
  timeout: timeoutFlag,
  'no-deps': { type: 'boolean', help: 'Leave dependants with `restart: true` alone' },
} as const;

/** `tsstack restart` */
export const restart = defineVerb({ name: 'restart', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const services = context.arguments;
  const { name, control, tasks } = await openStack(context, services);
  const targets = selectTasks(tasks, services, { oneOffs: false });
  if (context.globals['dry-run']) {
    showDryRun(context, 'restart', targets, 'Restarted');
    return 0;
  }
  if (targets.length === 0) {
    throw new TsstackError('not-found', `stack ${name} has no container to restart`, {
      hint: 'create it with `tsstack up`',
    });
  }
  await actOnTasks(context, control, {
    title: 'restart',
    request: {
      stack: name,
      action: 'restart',
      services,
      stopGraceMs: graceMs(context.flags.timeout),
      noDeps: context.flags['no-deps'],
    },
    goal: 'started',
    known: tasks,
    change: 'restart',
  });
  return 0;
}
