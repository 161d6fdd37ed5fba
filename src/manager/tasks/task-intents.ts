/** The ways in which a manager changes what it wants of a task. Each returns a new task; gates are opened by settleGates. */
import type { TaskObject } from '../../model/objects.ts';
import { dependenciesOf } from './dependencies-of.ts';
import { isLeaving, mayRun, nextRun } from './task-phase.ts';

/** Wants it to run again, or for the first time; after its dependencies unless told otherwise. A stop that waits for its turn is taken back. */
export function wantStarted(task: TaskObject, afterDependencies: boolean): TaskObject {
  if (isLeaving(task)) return task;
  if (task.gate?.next === 'stopped' && task.desired === 'running' && mayRun(task)) return { ...task, gate: null };
  const run = nextRun(task);
  const hasHooks = task.oneOff === null && task.spec.hooks.preStart.length > 0;
  const isFree = !afterDependencies || Object.keys(dependenciesOf(task.spec)).length === 0;
  if (isFree && !hasHooks) {
    return { ...task, desired: 'running', desiredRun: run, runReason: 'start', gate: null, stopGraceMs: null };
  }
  const gate = { next: 'running', run, message: '', failed: false } as const;
  const preStart = hasHooks ? { index: 0, isNew: true, ignoresDependencies: !afterDependencies } : null;
  return { ...task, runReason: 'start', gate, preStart, stopGraceMs: null };
}

/** Wants it to end but to stay, after the dependants that end as well. */
export function wantStopped(task: TaskObject, stopGraceMs: number | null): TaskObject {
  if (isLeaving(task)) return task;
  const gate = { next: 'stopped', run: task.desiredRun, message: '', failed: false } as const;
  return { ...task, gate, preStart: null, stopGraceMs };
}

/** Wants it gone with everything of it, after the dependants that end as well. */
export function wantRemoved(task: TaskObject, options: RemovalOptions): TaskObject {
  const removeVolumes = options.removeVolumes || task.removeVolumes;
  const stopGraceMs = options.stopGraceMs ?? task.stopGraceMs;
  if (isLeaving(task)) return { ...task, removeVolumes, stopGraceMs };
  const gate = { next: 'remove', run: task.desiredRun, message: '', failed: false } as const;
  return { ...task, gate, preStart: null, removeVolumes, stopGraceMs };
}

export interface RemovalOptions {
  /** Its anonymous volumes go too. */
  readonly removeVolumes: boolean;
  /** Null = the service's own. */
  readonly stopGraceMs: number | null;
}

/** Wants it to begin a new run at once, without waiting for dependencies. */
export function wantRestarted(task: TaskObject, stopGraceMs: number | null): TaskObject {
  if (isLeaving(task)) return task;
  const desiredRun = nextRun(task);
  return { ...task, desired: 'running', desiredRun, runReason: 'restart', gate: null, preStart: null, stopGraceMs };
}

/** Wants it to end now and to start again when its dependencies are there: it follows one of them that is restarted or replaced. */
export function wantFollowed(task: TaskObject, stopGraceMs: number | null): TaskObject {
  if (isLeaving(task)) return task;
  // The next run even if the wanted one has not begun: the stop may reach it before it does.
  const gate = { next: 'running', run: task.desiredRun + 1, message: '', failed: false } as const;
  return { ...task, desired: 'stopped', runReason: 'restart', gate, preStart: null, stopGraceMs };
}
