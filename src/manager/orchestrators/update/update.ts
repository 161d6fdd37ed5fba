/** Loop: replaces the containers of changed services slot by slot, as `update_config` and `rollback_config` say. */
import type { ServiceObject, TaskObject, UpdateStatus } from '../../../model/objects.ts';
import type { Reconciliation, TimedReconciler } from '../../loops/reconcile-loop.ts';
import { canFollow, followedDependency } from '../../stacks/plan-followers.ts';
import { ChangeSet } from '../../store/change-set.ts';
import { subjectOf, type ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { containerNameOf, nextContainerName } from '../../tasks/container-name.ts';
import { slotsOf } from '../../tasks/slots.ts';
import { isLeaving } from '../../tasks/task-phase.ts';
import { wantFollowed, wantRemoved } from '../../tasks/task-intents.ts';
import { isOpen } from '../global/suitable-nodes.ts';
import { advanceUpdate } from './advance-update.ts';
import { startCreated } from './create-first.ts';
import { replaceSlot } from './replace-slot.ts';
import { rollBack } from './roll-back.ts';
import { beginRollback, beginUpdate, endUpdate, isUnderWay, rollbackConfig } from './update-status.ts';
import { defaultUpdate, isGlobal } from '../../../model/deploy-spec.ts';

/** Nodes have changed, which matters to services that have one container on each. */
const nodes = 'nodes';

/** Keys are ids of services, or that one. */
export const update: TimedReconciler<string> = { name: 'update', concerns, everything, reconcile };

function concerns(change: ObjectChange): readonly string[] {
  const object = subjectOf(change);
  if (object.kind === 'node') return [nodes];
  if (object.kind === 'service') return object.update === null ? [] : [object.id];
  return object.kind === 'task' && object.oneOff === null ? [object.serviceId] : [];
}

function everything(view: StoreView): readonly string[] {
  return view.all('service').flatMap((service) => (service.update === null ? [] : [service.id]));
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): Reconciliation<string> {
  const changes = new ChangeSet(view);
  const lookAgainAt = new Map<string, number>();
  const onNodes = view.all('service').filter(({ spec }) => ids.has(nodes) && isGlobal(spec));
  for (const id of new Set([...ids, ...onNodes.map((service) => service.id)])) {
    const service = view.get('service', id);
    if (service?.update == null) continue;
    const dueMs = reconcileService(changes, service, service.update, now);
    if (dueMs !== null) lookAgainAt.set(id, dueMs);
  }
  return { changes: changes.changes, lookAgainAt };
}

/** When it is to be looked at again, in ms since the epoch. */
function reconcileService(
  changes: ChangeSet,
  service: ServiceObject,
  status: UpdateStatus,
  now: string,
): number | null {
  const all = changes.tasksOfService(service.stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  // On a node that is paused or away nothing is replaced; it catches up when it is back.
  const tasks = all.filter(({ pinnedNode }) => pinnedNode === null || isOpen(changes.get('node', pinnedNode)));
  if (status.state === 'completed' && isGlobal(service.spec) && catchUp(changes, service, tasks, now))
    return Date.parse(now);
  const next = advanceUpdate(service, status, tasks, now);
  for (const task of next.up) noteUp(changes, task, now);
  for (const task of next.dismiss) changes.put(wantRemoved(task, { removeVolumes: false, stopGraceMs: null }));
  takeNames(changes, service, tasks);
  const startMs = startCreated(changes, tasks, now);
  endPreparations(changes, next.status, all);
  if (next.rollBack !== null) {
    goBack(changes, { ...service, update: next.status }, next.rollBack, now);
    return Date.parse(now);
  }
  for (const slot of next.begin) replaceSlot(changes, { service, slot, update: status, now });
  if (next.status !== status) changes.put({ ...service, update: next.status });
  if (isUnderWay(status) && !isUnderWay(next.status) && status.total > 0) restartFollowers(changes, service);
  const dueMs = Math.min(next.lookAgainAt ?? Infinity, startMs ?? Infinity);
  return dueMs === Infinity ? null : dueMs;
}

/** Whether a node has come back with what was outdated meanwhile; then an update of that begins. */
function catchUp(changes: ChangeSet, service: ServiceObject, tasks: readonly TaskObject[], now: string): boolean {
  const { update: config } = service.spec.deploy;
  const missed = slotsOf(tasks, service).filter(({ current }) => current.length === 0);
  if (config === null || missed.length === 0) return false;
  changes.put({ ...service, update: beginUpdate(config, missed.length, now) });
  return true;
}

function noteUp(changes: ChangeSet, task: TaskObject, now: string): void {
  if (task.rollout !== null) changes.put({ ...task, rollout: { ...task.rollout, upSince: now } });
}

/** A container that came up beside another one gets the name of the slot when that one is gone. */
function takeNames(changes: ChangeSet, { stack }: ServiceObject, tasks: readonly TaskObject[]): void {
  for (const { id, slot, spec, containerName } of tasks) {
    const task = changes.get('task', id);
    if (task === undefined || isLeaving(task) || containerName !== nextContainerName(stack, spec, slot)) continue;
    const name = containerNameOf(stack, spec, slot);
    if (changes.named('task', name).length === 0) changes.put({ ...task, containerName: name });
  }
}

/** What was asked for by an update that is over, or by another one, is not needed any more. */
function endPreparations(changes: ChangeSet, status: UpdateStatus, tasks: readonly TaskObject[]): void {
  for (const { id, successor } of tasks) {
    const isNeeded = successor === null || (isUnderWay(status) && successor.update === status.startedAt);
    const task = isNeeded ? undefined : changes.get('task', id);
    if (task !== undefined) changes.put({ ...task, successor: null });
  }
}

/** By `failure_action: rollback`. What was before cannot be gone back to twice. */
function goBack(changes: ChangeSet, service: ServiceObject, reason: string, now: string): void {
  if (service.previous === null && service.update !== null) {
    const message = `${reason}; there is nothing to roll back to`;
    changes.put({ ...service, update: endUpdate(service.update, 'paused', now, message) });
    return;
  }
  const config = rollbackConfig(service) ?? defaultUpdate;
  rollBack(changes, service, { now, begin: (total) => beginRollback(config, total, now, reason), keepsNewer: false });
}

/** Whoever depends on the service with `restart: true` is restarted when all of it is new, or old again. */
function restartFollowers(changes: ChangeSet, { stack, name }: ServiceObject): void {
  const changed = new Set([name]);
  for (const task of changes.ofStack('task', stack)) {
    if (canFollow(task) && followedDependency(task, changed) !== undefined) changes.put(wantFollowed(task, null));
  }
}
