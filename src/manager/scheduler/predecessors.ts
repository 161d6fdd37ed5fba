/** A replacement has the name of the container that it replaces, so it waits until that one is gone; not for ever, where there are other nodes. */
import type { TaskObject } from '../../model/objects.ts';
import type { ObjectLookup } from '../store/object-index.ts';
import { isLeaving } from '../tasks/task-phase.ts';

/** How long it waits for a container that was told to go and is not heard of any more, before it comes up on another node (as in swarm). */
const longestWaitMs = 60_000;

/** Those whose name the task has, and which are not gone. What is left of a container on a lost node is in nobody's way. */
export function predecessorsOf(view: ObjectLookup, task: TaskObject): readonly TaskObject[] {
  const isBefore = (other: TaskObject): boolean =>
    other.id !== task.id && other.createdAt <= task.createdAt && isLeaving(other);
  return view.named('task', task.containerName).filter((other) => isBefore(other) && isAlive(view, other));
}

function isAlive(view: ObjectLookup, { nodeId }: TaskObject): boolean {
  return nodeId === null || view.get('node', nodeId)?.state !== 'down';
}

/** The same for one that is replaced, whatever its name. */
export function waitForTask(view: ObjectLookup, old: TaskObject): number {
  return isAlive(view, old) ? waitEndMs(old) : 0;
}

/** When the wait for them is over, in ms since the epoch: 0 = there is none, Infinity = only when they are gone. */
export function waitForPredecessors(view: ObjectLookup, task: TaskObject): number {
  return Math.max(0, ...predecessorsOf(view, task).map(waitEndMs));
}

function waitEndMs({ nodeId, desired, updatedAt }: TaskObject): number {
  const wasTold = nodeId !== null && desired === 'remove';
  return wasTold ? Date.parse(updatedAt) + longestWaitMs : Infinity;
}
