import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { shortId } from '../../../../src/model/ids.ts';
import { removeSharedMemory } from '../../containers/shared-memory.ts';
import { allEnded } from '../../all-ended.ts';
import { removalFailed } from '../../../../src/model/new-status.ts';
import { ContainerStateError, describeError, TaskError } from '../../errors.ts';
import { anonymousVolumesOf } from '../prepare-mounts.ts';
import type { TaskWorker } from '../task-worker.ts';

/**
 * Takes everything of an ended task away. What is already gone is no error, so that it can be repeated after a crash, or when something
 * was in the way.
 */
export async function remove(worker: TaskWorker): Promise<void> {
  await worker.settled();
  try {
    const removed = new ContainerStateError(worker.task.containerName, 'was removed meanwhile');
    await worker.copies.hold(worker.loop.released, removed, () => removeAll(worker));
  } catch (cause) {
    const { message, hint } = describeError(cause);
    // Whoever waits for the removal sees why it takes so long.
    worker.setStatus({ ...worker.record.status, error: { code: removalFailed, message, hint } });
    throw new TaskError('internal', `remove it: ${message}`, { cause });
  }
  worker.finish();
}

async function removeAll(worker: TaskWorker): Promise<void> {
  const { host, task } = worker;
  const paths = host.paths.container(task.id);
  worker.container.release();
  await removeSharedMemory(paths.sharedMemory);
  await allEnded([
    host.names.remove(task.id),
    host.networks.unpublish(task.id),
    hasOwnNamespace(worker) ? host.networks.removeSandbox(task.id, paths.networkNamespace) : undefined,
    host.payloads.remove(paths.payloads),
    host.mounts.release(shortId(task.id)),
    rm(paths.run, { recursive: true, force: true }),
    removeAnonymousVolumes(worker),
  ]);
  // Last: as long as the record is there, an interrupted removal is taken up again.
  await worker.stopRecording();
  const limited = task.spec.container.storageBytes === null ? [] : [paths.upper, paths.work].filter(existsSync);
  if (limited.length > 0) await host.limitStorage(limited, 0);
  await rm(paths.data, { recursive: true, force: true });
  host.idRanges.release(shortId(task.id));
}

function hasOwnNamespace({ task }: TaskWorker): boolean {
  return task.spec.networkMode.kind === 'networks' || task.spec.networkMode.kind === 'none';
}

async function removeAnonymousVolumes(worker: TaskWorker): Promise<void> {
  const { host, task, record } = worker;
  // A hook only borrows them.
  if (task.hookOf !== null) return;
  const isWanted = task.removeVolumes || task.oneOff?.autoRemove === true;
  if (!isWanted) return;
  const names = record.prepared?.anonymousVolumes ?? (await findAnonymousVolumes(worker));
  await Promise.all(names.map((name) => host.removeAnonymousVolume(name, task.id)));
}

/** Preparing may have failed, or the daemon died, after the volumes were made. Without the image there are none. */
async function findAnonymousVolumes({ host, task, record, loop }: TaskWorker): Promise<readonly string[]> {
  try {
    const image = await host.images.ensure(task.spec.image, 'never', loop.released);
    return anonymousVolumesOf(task, record.volumes, image, []);
  } catch {
    return [];
  }
}
