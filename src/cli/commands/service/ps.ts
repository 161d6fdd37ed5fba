import { shortId } from '../../../model/ids.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { readRowFormat, rowFormatFlag, type RowFormat } from '../../output/format-flag.ts';
import { formatColumns } from '../../output/table.ts';
import { writeOutput } from '../../output/write-output.ts';
import { findServices } from '../../services/find-service.ts';
import { rowsOfTasks, type TaskRow } from '../../services/task-rows.ts';
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
  await writeOutput(context.io.stdout, render(rows, context.flags.quiet ? 'ids' : format, context.flags['no-trunc']));
  return 0;
}

/** Errors are cut there, unless asked not to. */
const errorWidth = 60;

function render(rows: readonly TaskRow[], format: RowFormat | 'ids', isWhole: boolean): string {
  const id = (row: TaskRow): string => (isWhole ? row.ID : shortId(row.ID));
  if (format === 'ids') return rows.map((row) => `${id(row)}\n`).join('');
  if (format === 'json') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  if (format !== 'table') return format.render(rows.map((row) => ({ ...row })));
  const cells = rows.map((row) => {
    const error = isWhole || row.Error.length <= errorWidth ? row.Error : `${row.Error.slice(0, errorWidth - 1)}…`;
    return [id(row), row.Name, row.Image, row.Node, row.DesiredState, row.CurrentState, error];
  });
  return formatColumns(['ID', 'NAME', 'IMAGE', 'NODE', 'DESIRED STATE', 'CURRENT STATE', 'ERROR'], cells);
}
