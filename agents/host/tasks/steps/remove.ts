import { rm } from 'node:fs/promises';
import { shortId } from '../../../../src/model/ids.ts';
import type { TaskWorker } from '../task-worker.ts';

/** Pause before a failed removal is tried again. */
const retryMs = 1000;

/** Takes everything of an ended task away. What is already gone is no error, so that it can be repeated after a crash. */
export async function remove(worker: TaskWorker): Promise<void> {
  await worker.settled();
  try {
    await removeAll(worker);
  } catch (error) {
    worker.host.log(`remove container ${worker.task.containerName}: ${String(error)}`);
    await worker.pause(retryMs);
    return;
  }
  worker.finish();
}

async function removeAll(worker: TaskWorker): Promise<void> {
  const { host, task } = worker;
  const paths = host.paths.container(task.id);
  worker.container.release();
  await Promise.all([
    host.names.remove(task.id),
    host.networks.unpublish(task.id),
    hasOwnNamespace(worker) ? host.networks.removeSandbox(task.id, paths.networkNamespace) : undefined,
    host.payloads.remove(paths.payloads),
    rm(paths.run, { recursive: true, force: true }),
    removeAnonymousVolumes(worker),
  ]);
  // Last: as long as the record is there, an interrupted removal is taken up again.
  await worker.stopRecording();
  await rm(paths.data, { recursive: true, force: true });
  host.idRanges.release(shortId(task.id));
}

function hasOwnNamespace({ task }: TaskWorker): boolean {
  return task.spec.networkMode.kind === 'networks' || task.spec.networkMode.kind === 'none';
}

async function removeAnonymousVolumes({ host, task, record }: TaskWorker): Promise<void> {
  const isWanted = task.removeVolumes || task.oneOff?.autoRemove === true;
  if (!isWanted || record.prepared === null) return;
  await Promise.all(record.prepared.anonymousVolumes.map((name) => host.volumes.remove(name)));
}
