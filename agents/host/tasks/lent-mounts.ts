import type { MountSpec, VolumeFilesystemSpec } from '../../../src/model/spec.ts';
import { TaskError } from '../errors.ts';
import type { TaskWorker } from './task-worker.ts';

/** The volume that a mount means on this host. */
export interface VolumeOnHost {
  readonly name: string;
  readonly filesystem: VolumeFilesystemSpec | null;
}

/** A mount that a container shares with others: a bind, a volume or files of an image, which is named by its id. */
export interface LentMount {
  readonly mount: Exclude<MountSpec, { type: 'tmpfs' }>;
  /** Of mounts of volumes. */
  readonly volume: VolumeOnHost | null;
}

/**
 * The mounts that a container gets from those that `volumes_from` names, once these have them. What it got at first it keeps: the
 * others may be gone by its next run.
 */
export async function findLentMounts(worker: TaskWorker, signal: AbortSignal): Promise<readonly LentMount[]> {
  const { task, prepared } = worker.record;
  if (prepared !== null) return prepared.borrowed;
  const lists = task.spec.volumesFrom.map(async ({ readOnly }, index) => {
    const lender = task.sharedTasks.volumes[index] ?? null;
    if (lender === null) throw new TaskError('not-found', 'volumes_from: a container that it names does not exist');
    const mounts = await worker.host.sharing.lentMountsOf(lender, signal);
    return readOnly ? mounts.map(withoutWriting) : mounts;
  });
  // Of several for one place the last counts, as it does elsewhere.
  const byTarget = (await Promise.all(lists)).flat().map((lent) => [lent.mount.target, lent] as const);
  return [...new Map(byTarget).values()];
}

function withoutWriting({ mount, volume }: LentMount): LentMount {
  return { mount: mount.type === 'image' ? mount : { ...mount, readOnly: true }, volume };
}
