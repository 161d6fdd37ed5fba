import { delay } from '../abortable.ts';
import { ContainerStateError } from '../errors.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import type { TaskWorker } from '../tasks/task-worker.ts';
import { noTraffic, readNetworkCounters, type NetworkCounters } from './network-counters.ts';
import type { RelayStream } from './relay-stream.ts';
import { requireRunning } from './require-running.ts';
import { askShim } from './unless-ended.ts';

/** Pause between two statistics, in ms. */
const statsPeriodMs = 1000;

/** Sends what the container uses, once or every second until it or the stream ends. */
export async function serveStats(tasks: TaskTable, stream: RelayStream<'stats'>): Promise<number> {
  const worker = tasks.get(stream.taskId);
  const over = AbortSignal.any([stream.signal, worker.runEnded]);
  requireRunning(worker);
  while (!over.aborted) {
    const { blkReadBytes, blkWriteBytes, ...stats } = await askShim(worker, (shim) => shim.stats());
    const block = { blockReadBytes: blkReadBytes, blockWriteBytes: blkWriteBytes };
    await stream.document({ ...stats, ...block, ...networkCountersOf(worker) });
    if (stream.arguments.once) break;
    await delay(statsPeriodMs, over);
  }
  return 0;
}

/** Of a container that shares another one's network, they are those of both. The host's are not the container's. */
function networkCountersOf({ task, container }: TaskWorker): NetworkCounters {
  const pid = container.state?.pid ?? null;
  return pid === null || task.spec.networkMode.kind === 'host' ? noTraffic : readNetworkCounters(pid);
}

/** Sends a signal. SIGKILL ends the container for good, whatever its restart policy says. */
export async function serveSignal(tasks: TaskTable, stream: RelayStream<'signal'>): Promise<number> {
  const worker = tasks.get(stream.taskId);
  const { phase } = worker.container;
  if (phase === 'none' || phase === 'lost' || phase === 'exited' || phase === 'created') {
    throw new ContainerStateError(worker.task.containerName, 'is not running');
  }
  const { signal } = stream.arguments;
  if (!['SIGKILL', 'KILL', '9'].includes(signal.toUpperCase())) {
    await askShim(worker, (shim) => shim.signal(signal));
    return 0;
  }
  try {
    await askShim(worker, (shim) => shim.kill());
  } catch (error) {
    // One that is being removed is let go of when it has ended, which may be before the answer is here.
    if (!worker.runEnded.aborted) throw error;
  }
  return 0;
}

/** Freezes every process of the container. */
export async function servePause(tasks: TaskTable, stream: RelayStream<'pause'>): Promise<number> {
  const worker = tasks.get(stream.taskId);
  if (worker.container.phase === 'paused')
    throw new ContainerStateError(worker.task.containerName, 'is paused already');
  requireRunning(worker);
  await askShim(worker, (shim) => shim.pause());
  return 0;
}

/** Lets a frozen container go on. */
export async function serveUnpause(tasks: TaskTable, stream: RelayStream<'unpause'>): Promise<number> {
  const worker = tasks.get(stream.taskId);
  if (worker.container.phase !== 'paused') throw new ContainerStateError(worker.task.containerName, 'is not paused');
  await askShim(worker, (shim) => shim.resume());
  return 0;
}
