/** When a container that could not even be started is tried again. Pure. */
import type { PastTask, TaskObject } from '../../../model/objects.ts';
import { hasEnded, isLeaving } from '../../tasks/task-phase.ts';

/** Pauses double from `delay` of restart_policy up to this, or stay at the delay where that is longer. */
const maxBackoffMs = 60_000;

/** So much of the pause may be added, so that what failed together is not tried together. */
const jitter = 0.1;

/**
 * Time of the next try in ms since the epoch; null = there is none. Restarts of what did run are its node's own; without
 * `deploy.restart_policy` a container that cannot be made is left alone, as on a single engine.
 */
export function retryMs(task: TaskObject): number | null {
  const { restart } = task.spec;
  if (restart.supervision === null || restart.policy === 'no' || !isToRetry(task)) return null;
  const failures = failuresBefore(task);
  const { delayMs, windowMs } = restart.supervision;
  // By the clock of the managers: that of its node may be far behind, and then there would be no pause.
  const failedMs = Date.parse(task.updatedAt);
  const counted = windowMs === 0 ? failures : failures.filter(({ at }) => Date.parse(at) >= failedMs - windowMs);
  if (restart.maxRetries > 0 && counted.length >= restart.maxRetries) return null;
  const pauseMs = Math.min(delayMs * 2 ** (failures.at(-1)?.attempt ?? 0), Math.max(delayMs, maxBackoffMs));
  return failedMs + Math.round(pauseMs * (1 + jitter * shareOf(task.id)));
}

/** The number of the try that has failed with this task. */
export function attemptOf(task: TaskObject): number {
  return (failuresBefore(task).at(-1)?.attempt ?? 0) + 1;
}

function isToRetry(task: TaskObject): boolean {
  const isMove = task.rollout?.order === 'create-first';
  const isWanted = task.desired === 'running' || (task.desired === 'ready' && isMove);
  if (task.oneOff !== null || isLeaving(task) || !isWanted || task.gate !== null) return false;
  const { state, container } = task.status;
  return hasEnded(task) && (state === 'rejected' || (state === 'failed' && container?.startedAt == null));
}

/** In a row, of the same definition. */
function failuresBefore({ history, specHash }: TaskObject): readonly PastTask[] {
  const last = history.findLastIndex((past) => past.attempt === 0 || past.specHash !== specHash);
  return history.slice(last + 1);
}

/** From 0 to 1, the same for the same id. */
function shareOf(id: string): number {
  return (Number.parseInt(id.slice(0, 4), 16) || 0) / 0xffff;
}
