import type { TaskObject } from '../../model/objects.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { commandText, isUp, portsText } from '../output/container-row.ts';
import { readRowFormat, rowFormatFlag, type RowFormat } from '../output/format-flag.ts';
import { lostSince, nodeName, placedJson, placedState, placedStatus, type Nodes } from '../output/placed-container.ts';
import { formatColumns } from '../output/table.ts';
import { formatSpan } from '../output/units.ts';
import { writeOutput } from '../output/write-output.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { servicesOfFile } from '../project/known-services.ts';
import { listNodes } from '../tasks/list-tasks.ts';

const states = ['paused', 'restarting', 'removing', 'running', 'dead', 'created', 'exited', 'unknown'];

const flags = {
  all: { type: 'boolean', short: 'a', help: 'Show also containers that have ended, and one-offs' },
  filter: { type: 'strings', value: 'FILTER', help: 'Show only some: status=STATE' },
  format: rowFormatFlag,
  'no-trunc': { type: 'boolean', help: 'Show ids and commands in full' },
  orphans: { type: 'boolean', default: true, help: 'Include services that the file does not have' },
  quiet: { type: 'boolean', short: 'q', help: 'Print only the ids' },
  services: { type: 'boolean', help: 'Print the names of the services' },
  status: { type: 'strings', value: 'STATE', choices: states, help: `Show only these: ${states.join(', ')}` },
} as const;

/** `tsstack ps` */
export const ps = defineVerb({ name: 'ps', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const wanted = wantedStates(context.flags);
  const { control, tasks, leaving } = await openStack(context, context.arguments);
  const nodes = await listNodes(control);
  const lostLeaving = selectTasks(leaving, context.arguments, { oneOffs: true }).filter(
    (task) => lostSince(task, nodes) !== null,
  );
  const chosen = selectTasks(tasks, context.arguments, { oneOffs: context.flags.all || wanted.length > 0 });
  const inState = [...chosen, ...lostLeaving].filter((task) => {
    if (wanted.length > 0) return wanted.includes(placedState(task, nodes));
    if (lostSince(task, nodes) !== null) return true;
    return context.flags.all || isUp(task);
  });
  const shown = context.flags.orphans ? inState : await withoutOrphans(context, inState);
  const byName = shown.toSorted((a, b) => (a.containerName < b.containerName ? -1 : 1));
  await writeOutput(context.io.stdout, render(byName, nodes, context.flags, format));
  return 0;
}

type Flags = CommandContext<typeof flags>['flags'];

function wantedStates({ filter, status }: Flags): readonly string[] {
  const filtered = filter.map((text) => {
    const [name, value = ''] = text.split('=');
    if (name !== 'status') throw new UsageError(`unknown filter "${text}"`, 'write --filter status=STATE');
    if (!states.includes(value)) throw new UsageError(`unknown status "${value}"`, `there are ${states.join(', ')}`);
    return value;
  });
  return [...filtered, ...status];
}

async function withoutOrphans(
  context: CommandContext<typeof flags>,
  tasks: readonly TaskObject[],
): Promise<readonly TaskObject[]> {
  const known = await servicesOfFile(context);
  return known.length === 0 ? tasks : tasks.filter(({ service }) => known.includes(service));
}

function render(
  tasks: readonly TaskObject[],
  nodes: Nodes,
  { quiet, services, 'no-trunc': noTrunc }: Flags,
  format: RowFormat,
): string {
  const now = Date.now();
  if (quiet) return lines(tasks.map(({ id }) => id));
  if (services) return lines([...new Set(tasks.map(({ service }) => service))]);
  if (format !== 'table') {
    const rows = tasks.map((task) => placedJson(task, nodes, !noTrunc, now));
    return format === 'json' ? lines(rows.map((row) => JSON.stringify(row))) : format.render(rows);
  }
  // On a lone host all are at one place.
  const place = (cell: string): readonly string[] => (nodes.size > 1 ? [cell] : []);
  const header = ['NAME', 'IMAGE', 'COMMAND', 'SERVICE', ...place('NODE'), 'CREATED', 'STATUS', 'PORTS'];
  const rows = tasks.map((task) => [
    task.containerName,
    task.spec.image,
    commandText(task, !noTrunc),
    task.service,
    ...place(nodeName(task.nodeId, nodes)),
    `${formatSpan(now - Date.parse(task.status.container?.createdAt ?? task.createdAt))} ago`,
    placedStatus(task, nodes, now),
    portsText(task),
  ]);
  return formatColumns(header, rows);
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join('');
}
