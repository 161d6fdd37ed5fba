import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { isUp } from '../output/container-row.ts';
import { showDryRun } from '../output/dry-run.ts';
import { confirm } from '../output/confirm.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { actOnTasks } from '../tasks/act-on-tasks.ts';

const flags = {
  force: { type: 'boolean', short: 'f', help: 'Ask nothing' },
  stop: { type: 'boolean', short: 's', help: 'Stop running containers first' },
  volumes: { type: 'boolean', short: 'v', help: 'Remove their anonymous volumes too' },
  all: { type: 'boolean', short: 'a', help: 'Has no effect any more: one-offs are always included', hidden: true },
} as const;

/** `tsstack rm` */
export const rm = defineVerb({ name: 'rm', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { force, stop, volumes } = context.flags;
  const { name, control, tasks } = await openStack(context, context.arguments);
  const targets = selectTasks(tasks, context.arguments, { oneOffs: true }).filter((task) => stop || !isUp(task));
  if (targets.length === 0) {
    context.io.stderr.write('No stopped containers\n');
    return 0;
  }
  if (context.globals['dry-run']) {
    showDryRun(context, 'rm', targets, 'Removed');
    return 0;
  }
  const names = targets.map(({ containerName }) => containerName).join(', ');
  if (!force && !(await confirm(context.io, `Going to remove ${names}\nAre you sure?`))) return 0;
  await actOnTasks(context, control, {
    title: 'rm',
    request: { stack: name, action: 'remove', taskIds: targets.map(({ id }) => id), stopFirst: stop, volumes },
    goal: 'removed',
    known: tasks,
    change: 'keep',
  });
  return 0;
}
