import type { TaskObject } from './objects.ts';

/** `VolumeObject.anonymousOf` of the anonymous volume that a task mounts at that target: one per slot, which its pre_start hooks share, and one per one-off task. */
export function anonymousVolumeOwner(
  task: Pick<TaskObject, 'id' | 'service' | 'slot' | 'oneOff' | 'hookOf'>,
  target: string,
): string {
  return `${task.oneOff === null || task.hookOf !== null ? `${task.service}/${task.slot}` : `run/${task.id}`}${target}`;
}
