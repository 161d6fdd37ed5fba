import type { TaskObject } from '../../../../src/model/objects.ts';
import type { PullPolicy } from '../../../../src/model/spec.ts';
import { shortId } from '../../../../src/model/ids.ts';
import { diskFullError } from '../../disk-full.ts';
import { ContainerStateError } from '../../errors.ts';
import { cannotMapRoot, makeOwnedRoot } from '../owned-root.ts';
import { findLentMounts } from '../lent-mounts.ts';
import type { LentMount } from '../lent-mounts.ts';
import { prepareContainer } from '../prepare-container.ts';
import type { PrepareRequest } from '../prepare-container.ts';
import { findSharedNamespaces } from '../shared-namespaces.ts';
import type { LocalImage } from '../task-host.ts';
import type { TaskWorker } from '../task-worker.ts';
import { exitCodeOf, failedStart } from './failed-start.ts';

/** Makes the container of a run and, with `autostart`, starts it in the same go. */
export async function prepare(worker: TaskWorker, run: number, autostart: boolean): Promise<void> {
  worker.beginRun(run);
  const signal = worker.loop.stepSignal;
  try {
    await worker.settled();
    const [image, borrowed, shared] = await Promise.all([
      ensureImage(worker, signal),
      findLentMounts(worker, signal),
      findSharedNamespaces(worker, signal),
    ]);
    const mountedImages = await ensureMountedImages(worker, borrowed, signal);
    // What may wait for long is done; only work is left, and that is bounded.
    const found = { image, borrowed, mountedImages, shared, autostart };
    const started = new ContainerStateError(worker.task.containerName, 'was started meanwhile', 'copy again');
    await worker.copies.hold(signal, started, () => worker.host.queue.add(() => make(worker, found, signal)));
  } catch (error) {
    // The planner sees that something else is wanted now.
    if (signal.aborted) return;
    const exit = exitCodeOf(error) === null ? null : failedStart(error);
    const { dataRoot, runRoot } = worker.host.paths;
    const problem = diskFullError(error, 'make the container', dataRoot, runRoot) ?? error;
    worker.fail(exit === null ? 'rejected' : 'failed', problem, exit);
  }
}

async function make(
  worker: TaskWorker,
  found: Pick<PrepareRequest, 'image' | 'borrowed' | 'mountedImages' | 'shared' | 'autostart'>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { host } = worker;
  const { image, autostart } = found;
  const { task, networks, volumes, prepared: previous } = worker.record;
  const request = { ...found, task, networks, volumes, previous };
  const prepared = await prepareContainer(host, request);
  signal.throwIfAborted();
  if (autostart) worker.setState('starting');
  // The names resolve before the program starts, which may look itself up.
  await Promise.all([worker.setPrepared(prepared), autostart ? worker.announce() : undefined]);
  try {
    await worker.container.launch();
  } catch (error) {
    const users = host.idRanges.get(shortId(task.id));
    if (users === null || !cannotMapRoot(error)) throw error;
    await makeOwnedRoot(host, host.paths.container(task.id), image, users, error);
    await prepareContainer(host, request);
    await worker.container.launch();
  }
}

/** The image of the first run is that of all: a restart is no update. */
function ensureImage(worker: TaskWorker, signal: AbortSignal): Promise<LocalImage> {
  const { prepared, task } = worker.record;
  if (prepared !== null) return worker.host.images.ensure(prepared.imageId, 'never', signal);
  return worker.host.images.ensure(task.spec.image, pullPolicyOf(task), signal, (progress) =>
    worker.setState('preparing', progress),
  );
}

/** What was had ready here before the task took another one's place is not looked for again. */
function pullPolicyOf({ spec: { pullPolicy }, preparedOn, nodeId }: TaskObject): PullPolicy {
  return preparedOn === nodeId && pullPolicy !== 'never' ? 'missing' : pullPolicy;
}

/** As for the image of the container. */
async function ensureMountedImages(
  { record: { prepared, task }, host }: TaskWorker,
  borrowed: readonly LentMount[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LocalImage>> {
  const mounts = [...task.spec.container.mounts, ...borrowed.map(({ mount }) => mount)];
  const references = mounts.flatMap((mount) => (mount.type === 'image' ? [mount.image] : []));
  const images = [...new Set(references)].map(async (reference) => {
    const known = prepared?.mountedImages[reference];
    const image =
      known === undefined
        ? host.images.ensure(reference, pullPolicyOf(task), signal)
        : host.images.ensure(known, 'never', signal);
    return [reference, await image] as const;
  });
  return new Map(await Promise.all(images));
}
