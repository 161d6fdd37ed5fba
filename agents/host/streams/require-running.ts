import { ContainerStateError } from '../errors.ts';
import type { TaskWorker } from '../tasks/task-worker.ts';

/** Refuses an operation that needs a running program; one that is being stopped still runs. */
export function requireRunning(worker: TaskWorker): void {
  const { phase } = worker.container;
  const name = worker.task.containerName;
  if (phase === 'paused') throw new ContainerStateError(name, 'is paused, unpause it first');
  if (phase === 'restarting') throw new ContainerStateError(name, 'is restarting, wait until it is running');
  if (phase !== 'running' && phase !== 'stopping') throw new ContainerStateError(name, 'is not running');
}
