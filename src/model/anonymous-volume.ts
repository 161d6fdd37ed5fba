import type { TaskObject } from './objects.ts';

/** `VolumeObject.anonymousOf` of the anonymous volume that a task mounts at that target: one per slot, and one per one-off task. */
export function anonymousVolumeOwner(
  task: Pick<TaskObject, 'id' | 'service' | 'slot' | 'oneOff'>,
  target: string,
): string {
  return `${task.oneOff === null ? `${task.service}/${task.slot}` : `run/${task.id}`}${target}`;
}
