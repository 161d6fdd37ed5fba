import type { StackObject, TaskObject } from '../../model/objects.ts';
import { connect } from '../connection/connect.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { readRowFormat, rowFormatFlag, type RowFormat } from '../output/format-flag.ts';
import { placedState, type Nodes } from '../output/placed-container.ts';
import { formatColumns } from '../output/table.ts';
import { writeOutput } from '../output/write-output.ts';
import { listObjects } from '../tasks/list-tasks.ts';

const flags = {
  all: { type: 'boolean', short: 'a', help: 'Show also stacks that do not run' },
  filter: { type: 'strings', value: 'FILTER', help: 'Show only some: name=REGULAR-EXPRESSION' },
  format: rowFormatFlag,
  quiet: { type: 'boolean', short: 'q', help: 'Print only the names' },
} as const;

/** `tsstack ls` */
export const ls = defineVerb({ name: 'ls', usage: '', arity: [0, 0], flags, run });

interface StackRow {
  readonly Name: string;
  readonly Status: string;
  readonly ConfigFiles: string;
}

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const isWanted = nameFilter(context.flags.filter);
  const control = await connect(context, 'if-known');
  const view = await listObjects(control, '', ['stack', 'task', 'node']);
  const nodes = new Map(view.ofKind('node').map((node) => [node.id, node]));
  const rows = view.stacks
    .filter(({ name }) => isWanted(name))
    .map((stack) =>
      rowOf(
        stack,
        view.tasks.filter((task) => task.stack === stack.name),
        nodes,
      ),
    )
    .filter(({ Status }) => context.flags.all || /running|paused|restarting|unknown/.test(Status))
    .toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
  await writeOutput(context.io.stdout, render(rows, context.flags.quiet, format));
  return 0;
}

function nameFilter(filters: readonly string[]): (name: string) => boolean {
  const patterns = filters.map((filter) => {
    if (!filter.startsWith('name='))
      throw new UsageError(`unknown filter "${filter}"`, 'write --filter name=REGULAR-EXPRESSION');
    try {
      return new RegExp(filter.slice('name='.length));
    } catch (error) {
      throw new UsageError(`invalid filter "${filter}": ${(error as Error).message}`);
    }
  });
  return (name) => patterns.length === 0 || patterns.some((pattern) => pattern.test(name));
}

function rowOf(stack: StackObject, tasks: readonly TaskObject[], nodes: Nodes): StackRow {
  return { Name: stack.name, Status: statusOf(tasks, nodes), ConfigFiles: stack.files.join(',') };
}

/** `running(2), exited(1)`. */
function statusOf(tasks: readonly TaskObject[], nodes: Nodes): string {
  const counts = new Map<string, number>();
  for (const task of tasks.filter(({ oneOff }) => oneOff === null)) {
    const state = placedState(task, nodes);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const parts = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([state, count]) => `${state}(${count})`);
  return parts.join(', ');
}

function render(rows: readonly StackRow[], quiet: boolean, format: RowFormat): string {
  if (quiet) return rows.map(({ Name }) => `${Name}\n`).join('');
  if (format === 'json') return `${JSON.stringify(rows)}\n`;
  if (format !== 'table') return format.render(rows.map((row) => ({ ...row })));
  const cells = rows.map(({ Name, Status, ConfigFiles }) => [Name, Status, ConfigFiles]);
  return formatColumns(['NAME', 'STATUS', 'CONFIG FILES'], cells);
}
