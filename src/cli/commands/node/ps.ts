import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { connect } from '../../connection/connect.ts';
import { findNodeAmong } from '../../../model/find-node.ts';
import { readRowFormat, rowFormatFlag } from '../../output/format-flag.ts';
import { listText } from '../../output/list-text.ts';
import { writeOutput } from '../../output/write-output.ts';
import { taskList, taskRows } from '../../services/task-rows.ts';
import { listObjects, sortTasks } from '../../tasks/list-tasks.ts';

const flags = {
  format: rowFormatFlag,
  'no-trunc': { type: 'boolean', help: 'Show ids and errors in full' },
  quiet: { type: 'boolean', short: 'q', help: 'Print only the ids' },
} as const;

/** `tsstack node ps`: the containers on nodes, of all stacks. */
export const ps = defineVerb({ name: 'node ps', usage: 'NODE...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const view = await listObjects(await connect(context, 'if-known'), '', ['node', 'task']);
  const all = view.ofKind('node');
  const wanted = new Set(context.arguments.map((name) => findNodeAmong(all, name).id));
  const nodes = new Map(all.map((node) => [node.id, node]));
  const tasks = sortTasks(view.tasks.filter(({ nodeId }) => nodeId !== null && wanted.has(nodeId)));
  // What was in their places before may have been on other nodes.
  const rows = tasks.flatMap((task) => taskRows(task, nodes, Date.now()).slice(0, 1));
  await writeOutput(
    context.io.stdout,
    listText(taskList(rows, context.flags['no-trunc']), context.flags.quiet, format),
  );
  return 0;
}
