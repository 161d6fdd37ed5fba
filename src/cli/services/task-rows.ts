/** The rows of a container in `service ps`: what it is, and what was in its place before. Pure. */
import { shortId } from '../../model/ids.ts';
import type { EndedRun, PastTask, TaskObject } from '../../model/objects.ts';
import type { List } from '../output/list-text.ts';
import { lostSince, nodeName, unknownText, type Nodes } from '../output/placed-container.ts';
import { formatSpan } from '../output/units.ts';

/** By the names of docker's tools. */
export interface TaskRow {
  readonly ID: string;
  readonly Name: string;
  readonly Image: string;
  readonly Node: string;
  readonly DesiredState: string;
  readonly CurrentState: string;
  readonly Error: string;
}

/** Errors are cut there, unless asked not to. */
const errorWidth = 60;

/** The rows as a list, with ids and errors in full (`--no-trunc`) or as long as people like them. */
export function taskList(rows: readonly TaskRow[], isWhole: boolean): List {
  const id = ({ ID }: TaskRow): string => (isWhole ? ID : shortId(ID));
  const error = ({ Error }: TaskRow): string =>
    isWhole || Error.length <= errorWidth ? Error : `${Error.slice(0, errorWidth - 1)}…`;
  return {
    names: rows.map(id),
    objects: rows,
    titles: ['ID', 'NAME', 'IMAGE', 'NODE', 'DESIRED STATE', 'CURRENT STATE', 'ERROR'],
    cells: rows.map((row) => [id(row), row.Name, row.Image, row.Node, row.DesiredState, row.CurrentState, error(row)]),
  };
}

/** Rows that a slot has where `max_attempts` asks for no more. */
const shownRows = 5;

/**
 * The rows of containers in their order. What was before one that has a successor among them, as the container on a lost node, is told of below that
 * successor alone.
 */
export function rowsOfTasks(tasks: readonly TaskObject[], nodes: Nodes, nowMs: number): readonly TaskRow[] {
  const present = new Set(tasks.map(({ id }) => id));
  const followed = new Set(tasks.flatMap(({ history }) => history.map(({ id }) => id)));
  return tasks.flatMap((task) => {
    const history = followed.has(task.id) ? [] : task.history.filter(({ id }) => !present.has(id));
    return taskRows({ ...task, history }, nodes, nowMs);
  });
}

/**
 * The newest first; runs that its node has restarted count as containers of their own.
 */
export function taskRows(task: TaskObject, nodes: Nodes, nowMs: number): readonly TaskRow[] {
  const past = task.history.toReversed();
  const before = [...runRows(task, nodes, nowMs), ...past.map((one) => pastRow(task, one, nodes, nowMs))];
  const limit = Math.max(shownRows, task.spec.restart.maxRetries + 1);
  return [ownRow(task, nodes, nowMs), ...before].slice(0, limit);
}

function ownRow(task: TaskObject, nodes: Nodes, nowMs: number): TaskRow {
  const { status, gate } = task;
  const lost = lostSince(task, nodes);
  const problem = status.error?.message ?? (status.message === '' ? (gate?.message ?? '') : status.message);
  return {
    Node: nodeName(task.nodeId, nodes),
    ID: task.id,
    Name: task.containerName,
    Image: task.spec.image,
    DesiredState: desiredText(task),
    CurrentState: lost === null ? `${capital(status.state)} ${span(status.at, nowMs)} ago` : unknownText(lost, nowMs),
    Error: problem,
  };
}

function desiredText({ desired, gate }: TaskObject): string {
  const next = gate?.next ?? desired;
  return { ready: 'Ready', running: 'Running', stopped: 'Shutdown', remove: 'Remove' }[next];
}

/** Ended runs of the same container, the last of which is the container as it is now if that has ended. */
function runRows(task: TaskObject, nodes: Nodes, nowMs: number): readonly TaskRow[] {
  const { container } = task.status;
  if (container === null) return [];
  const runs = container.phase === 'exited' ? container.runs.slice(0, -1) : container.runs;
  return runs.toReversed().map((run) => ({
    Node: nodeName(task.nodeId, nodes),
    ID: task.id,
    Name: pastName(task),
    Image: task.spec.image,
    DesiredState: 'Shutdown',
    CurrentState: `${run.exitCode === 0 ? 'Complete' : 'Failed'} ${span(run.finishedAt ?? '', nowMs)} ago`,
    Error: endText(run),
  }));
}

function endText({ exitCode, oomKilled }: EndedRun): string {
  if (oomKilled) return 'killed: it used more memory than it may';
  return exitCode === 0 ? '' : `exited with code ${exitCode ?? 'unknown'}`;
}

function pastRow(task: TaskObject, past: PastTask, nodes: Nodes, nowMs: number): TaskRow {
  return {
    Node: nodeName(past.nodeId, nodes),
    ID: past.id,
    Name: pastName(task),
    Image: past.image,
    DesiredState: 'Shutdown',
    CurrentState: `${capital(past.state)} ${span(past.at, nowMs)} ago`,
    Error: past.message,
  };
}

/** As docker's tools mark what is below a living one. */
function pastName({ containerName }: TaskObject): string {
  return `\\_ ${containerName}`;
}

function span(since: string, nowMs: number): string {
  return formatSpan(Math.max(0, nowMs - (Date.parse(since) || nowMs))).toLowerCase();
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
