import type { TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { HostAnswers } from '../nodes/host-answers.ts';
import { isUp } from '../output/container-row.ts';
import { formatColumns } from '../output/table.ts';
import { writeOutput } from '../output/write-output.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { readDocuments } from '../streams/open-stream.ts';

/** `tsstack top` */
export const top = defineVerb({ name: 'top', usage: '[SERVICE...]', arity: [0, null], flags: {}, run });

interface Processes {
  readonly task: TaskObject;
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

async function run(context: CommandContext): Promise<number> {
  const { control, tasks, nodes } = await openStack(context, context.arguments);
  const running = selectTasks(tasks, context.arguments, { oneOffs: true }).filter(isUp);
  const answers = new HostAnswers({ io: context.io, nodes });
  const all = await Promise.all(running.map((task) => listProcesses(control, task, answers)));
  await writeOutput(context.io.stdout, render(all));
  return answers.exitCode;
}

async function listProcesses(control: ControlClient, task: TaskObject, answers: HostAnswers): Promise<Processes> {
  const read = (signal: AbortSignal): ReturnType<typeof readDocuments<'top'>> =>
    readDocuments(control, 'top', {}, { taskId: task.id, signal });
  for await (const { titles, processes } of answers.of(task, read)) {
    return { task, titles, rows: processes };
  }
  return { task, titles: [], rows: [] };
}

/** The columns of all containers together, the command last; what one has not is a dash. */
function render(all: readonly Processes[]): string {
  const titles = [...new Set(all.flatMap((one) => one.titles))].toSorted(
    (a, b) => Number(a === 'CMD') - Number(b === 'CMD'),
  );
  const rows = all.flatMap(({ task, titles: own, rows }) =>
    rows.map((row) => [task.service, String(task.slot), ...titles.map((title) => row[own.indexOf(title)] ?? '-')]),
  );
  return formatColumns(['SERVICE', '#', ...titles], rows);
}
