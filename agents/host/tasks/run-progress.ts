/** How far the run that a task is in has got, beyond what its shim tells. Pure. */
import type { HookStatus, TaskStatus } from '../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../src/model/spec.ts';
import { observedStateNumbers } from '../../../src/model/states.ts';
import { isGated } from './gated-task.ts';
import type { TaskView } from './next-step.ts';
import type { TaskRecord } from './task-record.ts';

export interface RunProgress {
  /** The hook that is under way or was the last one; null before the first. */
  readonly hook: HookStatus | null;
  /** What the hooks of the run's stop have used of its grace, in ms. */
  readonly hookMs: number;
  /** Names and ports lead to it. */
  readonly isServing: boolean;
  /** Restarts before those that its shim has counted. */
  readonly earlierRestarts: number;
  /** Grace in ms of the stop under way (-1 = for ever), or null when none is. */
  readonly stopping: number | null;
  /** Somebody wants it to run ahead of the manager. */
  readonly isStartRequested: boolean;
}

/** At the beginning of a run. */
export function firstProgress(spec: ServiceSpec): RunProgress {
  return {
    hook: firstHook(spec),
    hookMs: 0,
    isServing: false,
    earlierRestarts: 0,
    stopping: null,
    isStartRequested: false,
  };
}

/** Of the run of a record: one that has not been seen running has its hooks before it. */
export function knownProgress({ task, status }: TaskRecord): RunProgress {
  const { container } = status;
  return {
    ...firstProgress(task.spec),
    hook: container?.hook ?? (isBeforeStart(status) ? firstHook(task.spec) : null),
    isServing: container?.serving ?? false,
    earlierRestarts: container?.restartCount ?? 0,
  };
}

/**
 * Whether names and ports lead to an adopted container of which the record does not say so: they did before it was started, unless it came up
 * beside another one, and the daemon was killed before it saw it run.
 */
export function servesUnseen({ task, status }: TaskRecord, phase: TaskView['container']): boolean {
  const hasStarted = phase === 'running' || phase === 'paused' || phase === 'restarting';
  return hasStarted && isBeforeStart(status) && !isGated(task);
}

/** When the container has ended: a hook that was to follow the start comes to nothing. */
export function missedHook(hook: HookStatus | null, service: string): HookStatus | null {
  if (hook?.event !== 'post_start' || hook.state !== 'running') return hook;
  return { ...hook, state: 'failed', message: `${service} hook did not come to its end: the container has ended` };
}

function isBeforeStart({ state }: TaskStatus): boolean {
  return observedStateNumbers[state] < observedStateNumbers.running;
}

/** Null when nothing follows the start. */
function firstHook({ hooks }: ServiceSpec): HookStatus | null {
  if (hooks.postStart.length === 0) return null;
  return { event: 'post_start', state: 'running', index: 0, message: '', output: '' };
}
