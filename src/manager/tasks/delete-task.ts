import { anonymousVolumeOwner } from '../../model/anonymous-volume.ts';
import type { TaskObject, VolumeObject } from '../../model/objects.ts';
import type { ChangeSet } from '../store/change-set.ts';

/**
 * Deletes a task that its agent has reported gone. Its anonymous volumes go with it where that was asked for; else they pass to the task that
 * follows in the slot, or, with none, outlive it without an owner: data is never deleted by the way.
 */
export function deleteTask(changes: ChangeSet, task: TaskObject): void {
  changes.delete(task);
  // A hook only borrows the volumes of the container that waits for it.
  if (task.hookOf !== null) return;
  for (const volume of anonymousVolumesOf(changes, task)) {
    if (task.removeVolumes) changes.delete(volume);
    else if (!hasSuccessor(changes, task)) changes.put({ ...volume, stack: null, anonymousOf: null });
  }
}

function anonymousVolumesOf(changes: ChangeSet, task: TaskObject): readonly VolumeObject[] {
  const owner = `${anonymousVolumeOwner(task, '')}/`;
  return changes.ofStack('volume', task.stack).filter(({ anonymousOf }) => anonymousOf?.startsWith(owner) === true);
}

function hasSuccessor(changes: ChangeSet, task: TaskObject): boolean {
  if (task.oneOff !== null) return false;
  return changes
    .tasksOfService(task.stack, task.service)
    .some(({ slot, oneOff }) => slot === task.slot && oneOff === null);
}
