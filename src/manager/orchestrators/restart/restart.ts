/** Loop: replaces tasks that could not even be started, as `deploy.restart_policy` says; what has been tried is on the new task. */
import type { TaskObject } from '../../../model/objects.ts';
import { isAhead } from '../../loops/is-ahead.ts';
import type { Reconciliation, TimedReconciler } from '../../loops/reconcile-loop.ts';
import { ChangeSet } from '../../store/change-set.ts';
import type { ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { newSuccessor } from '../../tasks/new-successor.ts';
import { historyAfter } from '../../tasks/task-history.ts';
import { wantRemoved } from '../../tasks/task-intents.ts';
import { attemptOf, retryMs } from './retry.ts';

/** Keys are ids of tasks. */
export const restart: TimedReconciler<string> = { name: 'restart', concerns, everything, reconcile };

function concerns({ before, after }: ObjectChange): readonly string[] {
  if (after?.kind !== 'task') return [];
  const wasToRetry = before?.kind === 'task' && retryMs(before) !== null;
  return wasToRetry || retryMs(after) !== null ? [after.id] : [];
}

function everything(view: StoreView): readonly string[] {
  return view.all('task').flatMap((task) => (retryMs(task) === null ? [] : [task.id]));
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): Reconciliation<string> {
  const changes = new ChangeSet(view);
  const lookAgainAt = new Map<string, number>();
  const nowMs = Date.parse(now);
  for (const id of ids) {
    const task = view.get('task', id);
    const dueMs = task === undefined ? null : retryMs(task);
    if (task === undefined || dueMs === null) continue;
    if (dueMs > nowMs && !isAhead(Date.parse(task.updatedAt), nowMs)) lookAgainAt.set(id, dueMs);
    else tryAgain(changes, task, now);
  }
  return { changes: changes.changes, lookAgainAt };
}

/** From what it was made from itself: an update that is paused stays so. */
function tryAgain(changes: ChangeSet, task: TaskObject, now: string): void {
  const service = changes.get('service', task.serviceId);
  if (service === undefined) return;
  const { spec, specHash, forceCount, containerName } = task;
  const rollout = task.rollout === null ? null : { ...task.rollout, upSince: null };
  const message = task.status.error?.message ?? task.status.message;
  const history = historyAfter(task, now, message, attemptOf(task));
  const own = { ...service, spec, specHash, forceCount };
  changes.put(wantRemoved(task, { removeVolumes: false, stopGraceMs: null }));
  changes.put(newSuccessor(changes, { task, service: own, containerName, rollout, history, now }));
}
