import { TsstackError } from '../../model/errors.ts';
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import { shortId } from '../../model/ids.ts';
import type { StreamKinds } from '../../rpc/stream-kinds.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { HostAnswers } from '../nodes/host-answers.ts';
import { isUp } from '../output/container-row.ts';
import { readRowFormat, rowFormatFlag, type RowFormat } from '../output/format-flag.ts';
import { formatColumns } from '../output/table.ts';
import { formatBinaryBytes, formatBytes } from '../../model/format-bytes.ts';
import { writeOutput } from '../output/write-output.ts';
import { openStack, selectTasks, type ExistingStack } from '../project/existing-stack.ts';
import { readDocuments } from '../streams/open-stream.ts';

const flags = {
  all: { type: 'boolean', short: 'a', help: 'Show also containers that do not run' },
  format: rowFormatFlag,
  'no-stream': { type: 'boolean', help: 'Print once and end' },
  'no-trunc': { type: 'boolean', help: 'Show ids in full' },
} as const;

/** `tsstack stats` */
export const stats = defineVerb({ name: 'stats', usage: '[SERVICE]', arity: [0, 1], flags, run });

type Sample = StreamKinds['stats']['document'];

/** The last two samples of a container: the load is what lies between them. */
interface Row {
  readonly task: TaskObject;
  samples: readonly { readonly at: number; readonly sample: Sample }[];
}

const clearScreen = '\u001b[2J\u001b[H';
// Just over the period of the samples, so that each is shown once.
const drawPeriodMs = 1100;

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const stack = await openStack(context, context.arguments);
  const chosen = selectTasks(stack.tasks, context.arguments, { oneOffs: true });
  const rows: Row[] = chosen.filter((task) => context.flags.all || isUp(task)).map((task) => ({ task, samples: [] }));
  const running = rows.filter(({ task }) => isUp(task));
  const answers = new HostAnswers({ io: context.io, nodes: stack.nodes });
  const style = { isLong: context.flags['no-trunc'], format, nodes: stack.nodes };
  if (context.flags['no-stream']) {
    await Promise.all(running.map((row) => sample(stack, answers, row, 2)));
    await writeOutput(context.io.stdout, render(rows, style));
    return answers.exitCode;
  }
  const sampling = running.map((row) => sample(stack, answers, row, Infinity));
  await drawUntil(Promise.all(sampling), context, rows, style);
  return answers.exitCode;
}

/** Draws again and again until every container has ended. */
async function drawUntil(
  ended: Promise<unknown>,
  context: CommandContext<typeof flags>,
  rows: readonly Row[],
  style: Style,
): Promise<void> {
  const clear = style.format === 'table' && context.io.stdout.isTTY === true ? clearScreen : '';
  const draw = (): void => void context.io.stdout.write(clear + render(rows, style));
  const timer = setInterval(draw, drawPeriodMs);
  try {
    await ended;
  } finally {
    clearInterval(timer);
  }
  draw();
}

/** Takes that many samples of one container, fewer if it ends before; one that is between two runs has none, and the others are shown. */
async function sample({ control }: ExistingStack, answers: HostAnswers, row: Row, count: number): Promise<void> {
  const { task } = row;
  const read = (signal: AbortSignal): ReturnType<typeof readDocuments<'stats'>> =>
    readDocuments(control, 'stats', { once: false }, { taskId: task.id, signal });
  let taken = 0;
  try {
    for await (const document of answers.of(task, read)) {
      row.samples = [...row.samples.slice(-1), { at: performance.now(), sample: document }];
      taken += 1;
      if (taken >= count) return;
    }
  } catch (error) {
    if (!(error instanceof TsstackError) || error.code !== 'conflict') throw error;
  }
}

const header = ['CONTAINER ID', 'NAME', 'CPU %', 'MEM USAGE / LIMIT', 'MEM %', 'NET I/O', 'BLOCK I/O', 'PIDS'];
const names = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];

interface Style {
  readonly isLong: boolean;
  readonly format: RowFormat;
  /** Their memory is what a container without a limit can have. */
  readonly nodes: ReadonlyMap<string, NodeObject>;
}

function render(rows: readonly Row[], style: Style): string {
  const { format } = style;
  const cells = rows.map((row) => cellsOf(row, style));
  if (format === 'table') return formatColumns(header, cells);
  const objects = cells.map((row) => {
    const fields = Object.fromEntries(names.map((name, index) => [name, row[index] ?? '']));
    // docker's name for what somebody asked for, which here is the container's name.
    return { ...fields, Container: fields['Name'] };
  });
  if (format === 'json') return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
  return format.render(objects, Object.fromEntries(names.map((name, index) => [name, header[index] ?? name])));
}

function cellsOf({ task, samples }: Row, { isLong, nodes }: Style): readonly string[] {
  const id = isLong ? task.id : shortId(task.id);
  const last = samples.at(-1)?.sample;
  if (last === undefined) return [id, task.containerName, '--', '-- / --', '--', '--', '--', '--'];
  const hostBytes = nodes.get(task.nodeId ?? '')?.description.memoryBytes ?? Infinity;
  const limit = last.memoryLimitBytes > 0 ? Math.min(last.memoryLimitBytes, hostBytes) : hostBytes;
  return [
    id,
    task.containerName,
    percent(load(samples)),
    `${formatBinaryBytes(last.memoryBytes)} / ${formatBinaryBytes(limit)}`,
    percent(limit > 0 ? last.memoryBytes / limit : 0),
    `${formatBytes(last.networkReceivedBytes)} / ${formatBytes(last.networkSentBytes)}`,
    `${formatBytes(last.blockReadBytes)} / ${formatBytes(last.blockWriteBytes)}`,
    String(last.pids),
  ];
}

/** Cores in use between two samples; 1 = one core all the time. */
function load([before, after]: Row['samples']): number {
  if (before === undefined || after === undefined) return 0;
  const elapsedNs = (after.at - before.at) * 1e6;
  return elapsedNs <= 0 ? 0 : Math.max(0, after.sample.cpuUsageNs - before.sample.cpuUsageNs) / elapsedNs;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
