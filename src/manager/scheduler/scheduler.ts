/** Loop: gives pending tasks a node, and the volumes that they are the first to use as well. */
import { createHash } from 'node:crypto';
import { anonymousVolumeOwner } from '../../model/anonymous-volume.ts';
import type { TaskObject, VolumeObject } from '../../model/objects.ts';
import { placesAtOnce, type Reconciliation, type TimedReconciler } from '../loops/reconcile-loop.ts';
import { ChangeSet } from '../store/change-set.ts';
import { subjectOf, type ObjectChange } from '../store/change.ts';
import type { ObjectLookup, StoreView } from '../store/object-index.ts';
import { ownersOf } from '../tasks/shared-tasks.ts';
import { hasEnded, isLeaving } from '../tasks/task-phase.ts';
import { withWaitReason } from '../tasks/task-wait.ts';
import type { NodeRoom } from './node-room.ts';
import { Placement, takeGenericResources, type Choice } from './placement.ts';
import { waitForPredecessors } from './predecessors.ts';
import { volumesOf } from './volumes-of.ts';

/** Any change of nodes may matter to any task, so there is one key for everything. */
type Key = 'placement';

export const scheduler: TimedReconciler<Key> = {
  name: 'scheduler',
  concerns,
  everything: () => ['placement'],
  reconcile,
};

/** Tasks become pending, predecessors and former volumes go, what was reserved becomes free, nodes come and change. */
function concerns({ before, after }: ObjectChange): readonly Key[] {
  const object = subjectOf({ before, after });
  if (object.kind === 'node') return ['placement'];
  if (object.kind === 'volume' && after === null) return ['placement'];
  if (object.kind !== 'task') return [];
  const isNews = after === null || (object.status.state === 'pending' && object.nodeId === null) || hasEnded(object);
  return isNews ? ['placement'] : [];
}

function reconcile(view: StoreView, _keys: ReadonlySet<Key>, now: string): Reconciliation<Key> {
  const changes = new ChangeSet(view);
  const dueMs = schedule(view, changes, [], now);
  return { changes: changes.changes, lookAgainAt: new Map(dueMs === null ? [] : [['placement', dueMs]]) };
}

/**
 * Gives nodes to so many of the tasks that wait for one as a pass takes; `more` wait among the collected changes only. Returns when it is to be looked
 * again (ms since the epoch) though nothing changes; null = then only.
 */
export function schedule(view: StoreView, changes: ChangeSet, more: readonly TaskObject[], now: string): number | null {
  const pending = [...view.waitingTasks('pending'), ...more].filter((task) => !isLeaving(task));
  if (pending.length === 0) return null;
  const placement = new Placement(view, now);
  const waits: number[] = [];
  let places = 0;
  for (const task of ownersFirst(changes, pending)) {
    if (places === placesAtOnce) {
      waits.push(Date.parse(now));
      break;
    }
    // Who goes first is no business of this pass, and what is stored is asked more quickly.
    const waitsUntilMs = waitForPredecessors(view, task);
    if (waitsUntilMs > Date.parse(now)) {
      waits.push(waitsUntilMs);
      changes.put(withWaitReason(task, `waits for the previous ${task.containerName} to be removed`));
      continue;
    }
    const choice = place(changes, task, placement);
    if ('reason' in choice) {
      changes.put(withWaitReason(task, choice.reason));
    } else {
      assign(changes, task, choice, now);
      places += 1;
    }
  }
  const dueMs = Math.min(...waits);
  return Number.isFinite(dueMs) ? dueMs : null;
}

/**
 * Who shares a container's namespaces is placed after that container, within one round where possible. One by one: of very many, a pass takes only
 * the first.
 */
function* ownersFirst(view: ObjectLookup, pending: readonly TaskObject[]): Generator<TaskObject> {
  const given = new Set<TaskObject>();
  const withOwners = function* (task: TaskObject): Generator<TaskObject> {
    if (given.has(task)) return;
    const owners = ownersOf(task).flatMap((id) => view.get('task', id) ?? []);
    for (const owner of owners) if (owner !== task && isPending(owner)) yield* withOwners(owner);
    given.add(task);
    yield task;
  };
  for (const task of pending) yield* withOwners(task);
}

function isPending(task: TaskObject): boolean {
  return task.nodeId === null && task.status.state === 'pending' && !isLeaving(task);
}

function place(view: ObjectLookup, task: TaskObject, placement: Placement): Choice {
  const volume = volumesOf(view, task).find(({ name }) => view.named('volume', name).some(({ removing }) => removing));
  if (volume !== undefined) return { reason: `waits for the previous volume ${volume.name} to be removed` };
  const owner = ownersOf(task)
    .flatMap((id) => view.get('task', id) ?? [])
    .find(({ nodeId }) => nodeId === null);
  if (owner !== undefined) return { reason: `waits for ${owner.containerName}, whose namespaces it shares` };
  return placement.choose(task, view);
}

function assign(changes: ChangeSet, task: TaskObject, room: NodeRoom, at: string): void {
  const nodeId = room.node.id;
  const genericResources = takeGenericResources(task, room);
  const assigned: TaskObject = {
    ...task,
    nodeId,
    genericResources,
    status: { ...task.status, state: 'assigned', at, message: '' },
  };
  room.add(assigned);
  changes.put(assigned);
  for (const volume of leftVolumes(changes, task, nodeId)) changes.put({ ...volume, stack: null, anonymousOf: null });
  for (const volume of missingAnonymousVolumes(changes, task, at)) changes.put(volume);
  for (const volume of volumesOf(changes, task)) if (volume.nodeId === '') changes.put({ ...volume, nodeId });
}

/** Anonymous volumes of the slot on a node that it has left: they outlive it without an owner, as data does. */
function leftVolumes(changes: ChangeSet, task: TaskObject, nodeId: string): readonly VolumeObject[] {
  if (task.hookOf !== null) return [];
  return volumesOf(changes, task).filter(
    (volume) => volume.anonymousOf !== null && volume.nodeId !== '' && volume.nodeId !== nodeId,
  );
}

function missingAnonymousVolumes(changes: ChangeSet, task: TaskObject, now: string): readonly VolumeObject[] {
  const mounts = task.spec.container.mounts.filter((mount) => mount.type === 'volume' && mount.volume === null);
  if (mounts.length === 0) return [];
  const owners = new Set(changes.ofStack('volume', task.stack).map(({ anonymousOf }) => anonymousOf));
  return mounts.flatMap((mount): VolumeObject[] => {
    const anonymousOf = anonymousVolumeOwner(task, mount.target);
    if (mount.type !== 'volume' || owners.has(anonymousOf)) return [];
    // Follows from its first user, so that the same state gives the same plan.
    const id = createHash('sha256').update(`${task.id}${mount.target}`).digest('hex');
    const spec = { name: id, external: false, labels: mount.labels, filesystem: null };
    const common = { id, version: 0, createdAt: now, updatedAt: now, kind: 'volume' } as const;
    const owned = { stack: task.stack, key: mount.target, name: id, spec, anonymousOf };
    return [{ ...common, ...owned, nodeId: '', removing: false }];
  });
}
