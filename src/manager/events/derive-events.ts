/** Container events as people know them, from what changed in a task. Pure. */
import type { ContainerStatus, EndedRun, TaskObject } from '../../model/objects.ts';
import { observedStateNumbers } from '../../model/states.ts';
import type { Event } from '../../rpc/messages.ts';
import type { ObjectChange } from '../store/change.ts';
import { makeEvent } from './make-event.ts';

/** Events of one change; `nowMs` is when it became known. */
export function deriveEvents({ before, after }: ObjectChange, nowMs: number): readonly Event[] {
  const task = after ?? before;
  if (task?.kind !== 'task') return [];
  const old = before?.kind === 'task' ? before : null;
  if (after === null) return old?.status.container == null ? [] : [makeEvent(task, 'destroy', nowMs)];
  const events: Event[] = [];
  const add: Add = (action, attributes) => events.push(makeEvent(task, action, nowMs, attributes));
  compare(task, old, add);
  return events;
}

type Add = (action: string, attributes?: Readonly<Record<string, string>>) => void;

function compare(task: TaskObject, before: TaskObject | null, add: Add): void {
  const now = task.status.container;
  const old = before?.status.container ?? null;
  if (now === null) return;
  const hasStarted = now.startedAt !== null && now.startedAt !== old?.startedAt;
  const hasDied = now.finishedAt !== null && now.finishedAt !== old?.finishedAt;
  if (old === null) add('create');
  if (isAlive(now) && isToEnd(task) && before !== null && !isToEnd(before)) add('kill', signalOf(task));
  addMissedRuns(old, now, add);
  if (hasStarted) {
    add('start');
    if (task.runReason === 'restart' && isFirstStart(task, before)) add('restart');
  }
  // With its end, the next run may be known of as well.
  if (hasDied) addDeath(now, isToEnd(task) || (before !== null && isToEnd(before)), add);
  if (now.phase === 'paused' && old?.phase !== 'paused') add('pause');
  if (now.phase === 'running' && old?.phase === 'paused') add('unpause');
  const health = now.health?.state;
  if (health !== undefined && health !== old?.health?.state && health !== 'starting') add(`health_status: ${health}`);
}

/** Between two reports runs may have ended and begun; there may have been no daemon to hear of them. */
function addMissedRuns(old: ContainerStatus | null, now: ContainerStatus, add: Add): void {
  const known = old === null ? [] : [...old.runs, old];
  // A run that ended with its shim, for a next one with another shim, is not listed.
  const isListed = now.runs.some(({ startedAt }) => startedAt === old?.startedAt);
  if (old?.phase === 'running' && now.startedAt !== old.startedAt && now.finishedAt === null && !isListed) add('die');
  for (const run of now.runs.filter(({ finishedAt }) => finishedAt !== now.finishedAt)) {
    const isNew = (key: 'startedAt' | 'finishedAt'): boolean =>
      run[key] !== null && !known.some((earlier) => earlier[key] === run[key]);
    if (isNew('startedAt')) add('start');
    if (isNew('finishedAt')) addEnd(run, add);
  }
}

function addDeath(now: ContainerStatus, isWanted: boolean, add: Add): void {
  addEnd(now, add);
  if (isWanted) add('stop');
}

function addEnd({ oomKilled, exitCode }: Pick<EndedRun, 'oomKilled' | 'exitCode'>, add: Add): void {
  if (oomKilled) add('oom');
  add('die', { exitCode: String(exitCode ?? '') });
}

/** Somebody wants the run that is known of to end: for good, or for the next one. */
function isToEnd({ desired, desiredRun, status }: TaskObject): boolean {
  return desired === 'stopped' || desired === 'remove' || status.run < desiredRun;
}

function isAlive({ phase }: ContainerStatus): boolean {
  return phase === 'running' || phase === 'paused' || phase === 'restarting';
}

/** The signal of the file; what the image says is not known here. */
function signalOf({ spec }: TaskObject): Readonly<Record<string, string>> {
  return spec.container.stopSignal === null ? {} : { signal: spec.container.stopSignal };
}

/** False for the starts of a run by the restart policy. */
function isFirstStart({ status }: TaskObject, before: TaskObject | null): boolean {
  if (before === null || before.status.run < status.run) return true;
  return observedStateNumbers[before.status.state] < observedStateNumbers.running;
}
