import { createHash } from 'node:crypto';
import { anonymousVolumeOwner } from '../../../src/model/anonymous-volume.ts';
import type { TaskObject, VolumeObject } from '../../../src/model/objects.ts';
import { TaskError } from '../errors.ts';

/** A volume by its name; `object` is the manager's, null for a volume that only the image declares. */
export interface VolumeOfMount {
  readonly name: string;
  readonly object: VolumeObject | null;
}

type Owner = Pick<TaskObject, 'id' | 'stack' | 'service' | 'slot' | 'oneOff' | 'hookOf'>;

/** The named volume that a mount of the file means. */
export function namedVolume(key: string, owner: Owner, volumes: readonly VolumeObject[]): VolumeOfMount {
  const found = volumes.findLast(
    (volume) => volume.key === key && volume.stack === owner.stack && volume.anonymousOf === null,
  );
  if (found?.spec.external === true) {
    const content = volumes.find(({ name, spec }) => name === found.name && !spec.external);
    return { name: found.name, object: content ?? found };
  }
  if (found !== undefined) return { name: found.name, object: found };
  throw new TaskError('not-found', `volumes: ${key} did not come with the task`, { retryable: true });
}

/**
 * Name of the anonymous volume at a path. It belongs to the slot, so that a replaced container finds its data again; to the
 * container itself when that is a one-off. Volumes that only the image declares are unknown to the manager: the name follows from the owner.
 */
export function anonymousVolume(target: string, owner: Owner, volumes: readonly VolumeObject[]): VolumeOfMount {
  const key = anonymousVolumeOwner(owner, target);
  const object = volumes.find((volume) => volume.stack === owner.stack && volume.anonymousOf === key) ?? null;
  return { name: object?.name ?? createHash('sha256').update(`${owner.stack}/${key}`).digest('hex'), object };
}
