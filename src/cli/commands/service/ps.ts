import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { readRowFormat, rowFormatFlag } from '../../output/format-flag.ts';
import { listText } from '../../output/list-text.ts';
import { writeOutput } from '../../output/write-output.ts';
import { findServices } from '../../services/find-service.ts';
import { rowsOfTasks, taskList } from '../../services/task-rows.ts';
import { listNodes, sortTasks } from '../../tasks/list-tasks.ts';

const flags = {
  format: rowFormatFlag,
  'no-trunc': { type: 'boolean', help: 'Show ids and errors in full' },
  quiet: { type: 'boolean', short: 'q', help: 'Print only the ids' },
} as const;

/** `tsstack service ps` */
export const ps = defineVerb({ name: 'service ps', usage: 'SERVICE...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const { control, services, view } = await findServices(context, context.arguments);
  const nodes = await listNodes(control);
  const ids = new Set(services.map(({ id }) => id));
  const tasks = sortTasks(view.tasks.filter((task) => ids.has(task.serviceId) && task.oneOff === null));
  const rows = rowsOfTasks(tasks, nodes, Date.now());
  await writeOutput(
    context.io.stdout,
    listText(taskList(rows, context.flags['no-trunc']), context.flags.quiet, format),
  );
  return 0;
}
