/** Loop: gives pending tasks a node, and the volumes that they are the first to use as well. */
import { createHash } from 'node:crypto';
import { anonymousVolumeOwner } from '../../model/anonymous-volume.ts';
import type { NodeObject, TaskObject, VolumeObject } from '../../model/objects.ts';
import type { Reconciler } from '../loops/reconcile-loop.ts';
import { ChangeSet } from '../store/change-set.ts';
import { subjectOf, type Change, type ObjectChange } from '../store/change.ts';
import type { ObjectLookup, StoreView } from '../store/object-index.ts';
import { ownersOf } from '../tasks/shared-tasks.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import { withWaitReason } from '../tasks/task-wait.ts';
import { chooseNode } from './choose-node.ts';
import { volumesOf } from './volumes-of.ts';

/** Any change of nodes may matter to any task, so there is one key for everything. */
type Key = 'placement';

export const scheduler: Reconciler<Key> = { name: 'scheduler', concerns, everything: () => ['placement'], reconcile };

/** Tasks become pending, predecessors and former volumes go, nodes come and change. */
function concerns({ before, after }: ObjectChange): readonly Key[] {
  const object = subjectOf({ before, after });
  if (object.kind === 'node') return ['placement'];
  if (object.kind === 'volume' && after === null) return ['placement'];
  if (object.kind !== 'task') return [];
  const isNews = after === null || (object.status.state === 'pending' && object.nodeId === null);
  return isNews ? ['placement'] : [];
}

function reconcile(view: StoreView, _keys: ReadonlySet<Key>, now: string): readonly Change[] {
  const changes = new ChangeSet(view);
  const loads = new Map(view.all('node').map((node) => [node.id, view.tasksOfNode(node.id).length]));
  const loadOf = (node: NodeObject): number => loads.get(node.id) ?? 0;
  const pending = view.all('task').filter((task) => task.status.state === 'pending' && task.nodeId === null);
  for (const task of ownersFirst(pending)) {
    const result = isLeaving(task) ? undefined : place(changes, task, loadOf);
    if (result === undefined) continue;
    if ('reason' in result) changes.put(withWaitReason(task, result.reason));
    else {
      assign(changes, task, result, now);
      loads.set(result.id, loadOf(result) + 1);
    }
  }
  return changes.changes;
}

/** Who shares a container's namespaces is placed after that container, within one round where possible. */
function ownersFirst(pending: readonly TaskObject[]): Iterable<TaskObject> {
  const byId = new Map(pending.map((task) => [task.id, task]));
  const ordered = new Set<TaskObject>();
  const visit = (task: TaskObject): void => {
    const owners = ownersOf(task).flatMap((id) => byId.get(id) ?? []);
    for (const owner of owners) if (owner !== task && !ordered.has(owner)) visit(owner);
    ordered.add(task);
  };
  pending.forEach(visit);
  return ordered;
}

/** A replacement has the name of the container that it replaces, so it waits until that one is gone. */
function place(
  view: ObjectLookup,
  task: TaskObject,
  loadOf: (node: NodeObject) => number,
): NodeObject | { readonly reason: string } {
  const predecessor = view.named('task', task.containerName).find(({ id }) => id !== task.id);
  if (predecessor !== undefined && predecessor.createdAt <= task.createdAt && isLeaving(predecessor)) {
    return { reason: `waits for the previous ${task.containerName} to be removed` };
  }
  const volume = volumesOf(view, task).find(({ name }) => view.named('volume', name).some(({ removing }) => removing));
  if (volume !== undefined) return { reason: `waits for the previous volume ${volume.name} to be removed` };
  const owner = ownersOf(task)
    .flatMap((id) => view.get('task', id) ?? [])
    .find(({ nodeId }) => nodeId === null);
  if (owner !== undefined) return { reason: `waits for ${owner.containerName}, whose namespaces it shares` };
  return chooseNode(view, task, loadOf);
}

function assign(changes: ChangeSet, task: TaskObject, node: NodeObject, at: string): void {
  changes.put({ ...task, nodeId: node.id, status: { ...task.status, state: 'assigned', at, message: '' } });
  for (const volume of missingAnonymousVolumes(changes, task, at)) changes.put(volume);
  for (const volume of volumesOf(changes, task)) if (volume.nodeId === '') changes.put({ ...volume, nodeId: node.id });
}

function missingAnonymousVolumes(changes: ChangeSet, task: TaskObject, now: string): readonly VolumeObject[] {
  const owners = new Set(changes.ofStack('volume', task.stack).map(({ anonymousOf }) => anonymousOf));
  return task.spec.container.mounts.flatMap((mount): VolumeObject[] => {
    if (mount.type !== 'volume' || mount.volume !== null) return [];
    const anonymousOf = anonymousVolumeOwner(task, mount.target);
    if (owners.has(anonymousOf)) return [];
    // Follows from its first user, so that the same state gives the same plan.
    const id = createHash('sha256').update(`${task.id}${mount.target}`).digest('hex');
    const spec = { name: id, external: false, labels: mount.labels, filesystem: null };
    const common = { id, version: 0, createdAt: now, updatedAt: now, kind: 'volume' } as const;
    const owned = { stack: task.stack, key: mount.target, name: id, spec, anonymousOf };
    return [{ ...common, ...owned, nodeId: '', removing: false }];
  });
}
