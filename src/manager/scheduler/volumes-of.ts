import { anonymousVolumeOwner } from '../../model/anonymous-volume.ts';
import type { TaskObject, VolumeObject } from '../../model/objects.ts';
import { findVolumeContent } from '../stacks/find-resources.ts';
import type { ObjectLookup } from '../store/object-index.ts';

/** Volumes that the task mounts, as far as they exist: those of its own stack, the ones that these refer to, and those that it shares. */
export function volumesOf(view: ObjectLookup, task: TaskObject): readonly VolumeObject[] {
  const lenders = task.sharedTasks.volumes.flatMap((id) => (id === null ? [] : (view.get('task', id) ?? [])));
  return [...ownVolumesOf(view, task), ...lenders.flatMap((lender) => volumesOf(view, lender))];
}

function ownVolumesOf(view: ObjectLookup, task: TaskObject): readonly VolumeObject[] {
  const mounts = task.spec.container.mounts.filter(({ type }) => type === 'volume');
  if (mounts.length === 0) return [];
  const own = view.ofStack('volume', task.stack);
  return mounts.flatMap((mount) => {
    if (mount.type !== 'volume') return [];
    const key = mount.volume;
    const found =
      key === null
        ? own.find(({ anonymousOf }) => anonymousOf === anonymousVolumeOwner(task, mount.target))
        : own.findLast((volume) => volume.key === key && volume.anonymousOf === null);
    if (found === undefined) return [];
    const content = found.spec.external ? findVolumeContent(view, found.name) : undefined;
    return content === undefined ? [found] : [found, content];
  });
}
