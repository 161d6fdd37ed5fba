import type { NodeObject, TaskObject } from '../../model/objects.ts';
import { removeNode } from '../authority/remove-node.ts';
import { isWantedElsewhere } from '../orchestrators/node-loss/node-loss.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import { moveTasks } from '../tasks/move-tasks.ts';

/** Why the cluster forgets a node. */
export interface Farewell {
  /** For people, of the containers that were there: `node w1 was removed`. */
  readonly reason: string;
  /** In RFC 3339. */
  readonly now: string;
}

/**
 * A node that leaves or is removed, with what the store says is there: nobody would ever report these containers gone. Those that are wanted get a
 * successor elsewhere; volumes are lost to the cluster.
 */
export function forgetNode(view: StoreView, node: NodeObject, { reason, now }: Farewell): ChangeSet {
  const changes = new ChangeSet(view);
  const tasks = view.tasksOfNode(node.id);
  moveTasks(changes, tasks.filter(isWantedElsewhere), { reasonOf: () => reason, now, leave: gone });
  for (const task of tasks) changes.delete(task);
  for (const volume of view.volumesOfNode(node.id)) changes.delete(volume);
  removeNode(changes, node, new Date(now));
  return changes;
}

/** It is deleted in the same transaction, but has to make way for its successor before. */
function gone(task: TaskObject): TaskObject {
  return { ...task, desired: 'remove', gate: null };
}
