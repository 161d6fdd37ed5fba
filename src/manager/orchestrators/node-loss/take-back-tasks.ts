import type { TaskObject } from '../../../model/objects.ts';
import type { ChangeSet } from '../../store/change-set.ts';
import type { StoreView } from '../../store/object-index.ts';
import { hasBegun, hasEnded, isEnding, isLeaving } from '../../tasks/task-phase.ts';
import { wantRestarted, wantStarted } from '../../tasks/task-intents.ts';

/**
 * A lost node is back: what was to be placed anew and has found no other node (its volume is there) goes on as if nothing had happened. Call it in the
 * transaction in which the node becomes ready, before its agent hears that the tasks are to go.
 */
export function takeBackTasks(view: StoreView, changes: ChangeSet, nodeId: string): void {
  if (view.get('node', nodeId)?.state !== 'down') return;
  for (const task of view.tasksOfNode(nodeId)) {
    const successor = unplacedSuccessor(view, task);
    if (successor === undefined) continue;
    changes.delete(successor);
    changes.put(asBefore(task, successor));
  }
}

function unplacedSuccessor(view: StoreView, task: TaskObject): TaskObject | undefined {
  if (task.desired !== 'remove' || task.oneOff !== null || hasEnded(task)) return undefined;
  return view
    .named('task', task.containerName)
    .find((other) => other.history.at(-1)?.id === task.id && other.nodeId === null && !isLeaving(other));
}

/** What was asked of the one that stood in for it counts. */
function asBefore(task: TaskObject, successor: TaskObject): TaskObject {
  const kept: TaskObject = { ...task, desired: 'ready', gate: null };
  const { stopGraceMs } = successor;
  if (isEnding(successor)) return { ...kept, desired: 'stopped', stopGraceMs };
  if (hasBegun(task)) {
    const running: TaskObject = { ...kept, desired: 'running' };
    return successor.runReason === 'restart' ? wantRestarted(running, stopGraceMs) : running;
  }
  return successor.desired === 'ready' && successor.gate === null ? kept : wantStarted(kept, true);
}
