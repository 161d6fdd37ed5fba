import type { TaskObject } from '../../model/objects.ts';
import type { ChangeSet } from '../store/change-set.ts';
import { newSuccessor } from './new-successor.ts';
import type { ObjectLookup } from '../store/object-index.ts';
import { ownersOf } from './shared-tasks.ts';
import { historyAfter } from './task-history.ts';
import { isLeaving } from './task-phase.ts';

export interface Move {
  /** For people. */
  readonly reason: string;
  /** RFC 3339. */
  readonly now: string;
  /** Tells the old one to go. */
  readonly leave: (task: TaskObject) => TaskObject;
}

/** Replaces tasks by new ones in their slots, which may be anywhere. Tasks of services that are no more go without a successor. */
export function moveTasks(changes: ChangeSet, tasks: readonly TaskObject[], { reason, now, leave }: Move): void {
  // Who shares a container's namespaces is to find the new one.
  for (const task of ownersFirst(tasks)) {
    changes.put(leave(task));
    const service = changes.get('service', task.serviceId);
    if (service === undefined || hasHeir(changes, task)) continue;
    const { containerName, rollout } = task;
    const history = historyAfter(task, now, reason, 0);
    const successor = newSuccessor(changes, { task, service, containerName, rollout, history, now });
    const isCreatedOnly = task.desired === 'ready' && task.gate === null;
    changes.put(isCreatedOnly ? { ...successor, desired: 'ready', gate: null, preStart: null } : successor);
  }
}

/** Whether another one is in its slot already, to take its place. */
function hasHeir(lookup: ObjectLookup, { stack, service, id }: TaskObject): boolean {
  return lookup.tasksOfService(stack, service).some((task) => task.rollout?.replaces === id && !isLeaving(task));
}

function ownersFirst(tasks: readonly TaskObject[]): readonly TaskObject[] {
  const depths = new Map<TaskObject, number>();
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const depthOf = (task: TaskObject): number => {
    const known = depths.get(task);
    if (known !== undefined) return known;
    // A cycle of sharing cannot get past the stack file's check; the mark ends it all the same.
    depths.set(task, 0);
    const owners = ownersOf(task).flatMap((id) => byId.get(id) ?? []);
    const depth = Math.max(0, ...owners.map((owner) => depthOf(owner) + 1));
    depths.set(task, depth);
    return depth;
  };
  return tasks.toSorted((a, b) => depthOf(a) - depthOf(b));
}
