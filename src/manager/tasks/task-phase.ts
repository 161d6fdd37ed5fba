/** Questions about a task that several loops ask. */
import type { TaskObject } from '../../model/objects.ts';
import { isTerminal, observedStateNumbers } from '../../model/states.ts';

/** True when the task goes away, now or when its turn comes: it counts for nothing any more. */
export function isLeaving(task: TaskObject): boolean {
  return task.desired === 'remove' || task.gate?.next === 'remove';
}

/** True when the task is to end, now or when its turn comes. */
export function isEnding(task: TaskObject): boolean {
  return isLeaving(task) || (task.desired === 'stopped' && task.gate === null) || task.gate?.next === 'stopped';
}

/**
 * True while a change of other tasks, or what its container does without being asked, may be a reason to want something else of it: of tasks that
 * are not held, dependencies need not know.
 */
export function isHeld({ gate, hookOf, desired, oneOff }: TaskObject): boolean {
  return gate !== null || hookOf !== null || desired === 'ready' || oneOff?.autoRemove === true;
}

/** True when the latest wanted run has begun to run. */
export function hasBegun(task: TaskObject): boolean {
  return task.status.run >= task.desiredRun && numberOf(task) >= observedStateNumbers.starting;
}

/** True when the latest wanted run is over, well or badly. */
export function hasEnded(task: TaskObject): boolean {
  return task.status.run >= task.desiredRun && isTerminal(task.status.state);
}

/** True while a process of it runs, or may begin to at any moment. */
export function mayRun(task: TaskObject): boolean {
  const state = numberOf(task);
  if (state >= observedStateNumbers.starting && state <= observedStateNumbers.running) return true;
  return task.desired === 'running' && !hasEnded(task) && task.nodeId !== null;
}

/**
 * The run that a start asks for: the one that is wanted already and has not begun, else the next. After a stop it is the next in any case, since
 * the agent may have ended the wanted run without having said so yet.
 */
export function nextRun(task: TaskObject): number {
  return hasBegun(task) || task.desired === 'stopped' ? task.desiredRun + 1 : task.desiredRun;
}

/** True when the process has been started at least once in this run, whatever came of it. */
export function wasStarted(task: TaskObject): boolean {
  return task.status.state === 'running' || (task.status.container?.startedAt ?? null) !== null;
}

function numberOf(task: TaskObject): number {
  return observedStateNumbers[task.status.state];
}
