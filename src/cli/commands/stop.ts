import { graceMs, timeoutFlag } from '../command-line/common-flags.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { isUp } from '../output/container-row.ts';
import { showDryRun } from '../output/dry-run.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { endProviders } from '../providers/end-providers.ts';
import { actOnTasks } from '../tasks/act-on-tasks.ts';

const flags = { timeout: timeoutFlag } as const;

/** `tsstack stop` */
export const stop = defineVerb({ name: 'stop', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const stack = await openStack(context, context.arguments);
  const { name, control, tasks, providers } = stack;
  const targets = selectTasks(tasks, context.arguments, { oneOffs: false });
  if (context.globals['dry-run']) {
    showDryRun(context, 'stop', targets.filter(isUp), 'Stopped');
    return 0;
  }
  const services = context.arguments.filter((service) => !Object.hasOwn(providers, service));
  if (targets.length > 0) {
    await actOnTasks(context, control, {
      title: 'stop',
      request: { stack: name, action: 'stop', services, stopGraceMs: graceMs(context.flags.timeout) },
      goal: 'stopped',
      known: tasks,
      change: 'keep',
    });
  }
  await endProviders(context, 'stop', { stack: name, providers });
  return 0;
}
