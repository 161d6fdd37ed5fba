/** Loop: places what ran on lost nodes anew. What is left there goes when the node returns. */
import type { NodeObject, TaskObject } from '../../../model/objects.ts';
import type { Reconciler } from '../../loops/reconcile-loop.ts';
import { ChangeSet } from '../../store/change-set.ts';
import type { Change, ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { moveTasks } from '../../tasks/move-tasks.ts';
import { hasEnded, isLeaving } from '../../tasks/task-phase.ts';

/** Keys are ids of nodes. */
export const nodeLoss: Reconciler<string> = { name: 'node-loss', concerns, everything, reconcile };

/** Nodes that are lost, and tasks on them that somebody wants to run. */
function concerns({ before, after }: ObjectChange): readonly string[] {
  if (after?.kind === 'node') return after.state === 'down' && before?.kind === 'node' ? [after.id] : [];
  if (after?.kind !== 'task' || after.nodeId === null) return [];
  const isSame = before?.kind === 'task' && before.desired === after.desired && before.gate === after.gate;
  return isSame ? [] : [after.nodeId];
}

function everything(view: StoreView): readonly string[] {
  return view.all('node').map(({ id }) => id);
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): readonly Change[] {
  const changes = new ChangeSet(view);
  const nodes = [...ids].flatMap((id) => view.get('node', id) ?? []).filter(({ state }) => state === 'down');
  replaceLost(changes, view, nodes, now);
  return changes.changes;
}

/** Whatever the restart policy: the loss of a node is no end of a container. */
function replaceLost(changes: ChangeSet, view: StoreView, nodes: readonly NodeObject[], now: string): void {
  const hostnames = new Map(nodes.map(({ id, hostname }) => [id, hostname]));
  const reasonOf = ({ nodeId }: TaskObject): string => `node ${hostnames.get(nodeId ?? '')} is down`;
  const tasks = nodes.flatMap(({ id }) => view.tasksOfNode(id));
  // By service, since tasks that are alike find their nodes together, and of many services in turn each would look at all nodes again.
  const lost = [...Map.groupBy(tasks.filter(isWantedElsewhere), ({ serviceId }) => serviceId).values()].flat();
  moveTasks(changes, lost, { reasonOf, now, leave });
  // Hooks go with the container that waits for them; its successor has its own.
  const ids = new Set(lost.map(({ id }) => id));
  for (const hook of tasks)
    if (hook.hookOf !== null && ids.has(hook.hookOf.taskId) && !isLeaving(hook))
      changes.put({ ...hook, desired: 'remove', gate: null });
}

/** Nothing there can be waited for. */
function leave(task: TaskObject): TaskObject {
  return { ...task, desired: 'remove', gate: null, preStart: null };
}

/** Not one-offs, which ran for somebody's terminal, not what has a place on that node, and not what is over or was stopped. */
export function isWantedElsewhere(task: TaskObject): boolean {
  if (task.oneOff !== null || task.pinnedNode !== null || isLeaving(task) || hasEnded(task)) return false;
  return task.desired !== 'stopped' || task.gate?.next === 'running';
}
