import { startTimer } from '../../../../src/model/timer.ts';
import { delay } from '../../abortable.ts';
import type { TaskWorker } from '../task-worker.ts';

/** What a stop may take beyond its grace before the container is ended without its shim. */
const reserveMs = 30_000;

/** Pause before another try to end what does not end. */
const retryMs = 1000;

/**
 * Asks the container to end and returns at once: the end comes as a state of the shim, and until then the stop may be shortened.
 */
export function stop(worker: TaskWorker, graceMs: number): void {
  worker.setProgress({ stopping: graceMs });
  const force = (): void => void end(worker);
  const endTimer = graceMs < 0 ? null : startTimer(graceMs + reserveMs, force);
  void worker.container.stop(graceMs).then(
    () => endTimer?.(),
    (error: unknown) => {
      endTimer?.();
      worker.host.log(`stop container ${worker.task.containerName}: ${String(error)}`);
      force();
    },
  );
}

/** Without the shim's help; what cannot be ended now (a process that hangs in the kernel) is tried again. */
async function end(worker: TaskWorker): Promise<void> {
  while (!worker.loop.released.aborted) {
    try {
      await worker.container.destroy();
      worker.loop.wake();
      return;
    } catch (error) {
      worker.host.log(`end container ${worker.task.containerName}: ${String(error)}`);
      await delay(retryMs, worker.loop.released);
    }
  }
}
