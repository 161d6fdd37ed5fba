import { ContainerStateError } from '../errors.ts';
import type { ShimConnection } from '../tasks/shim.ts';
import type { TaskWorker } from '../tasks/task-worker.ts';

/**
 * What the shim of a container answers that was running a moment ago. Rejects with ContainerStateError when it has ended meanwhile: its
 * shim has then gone, perhaps before its worker has heard of that.
 */
export async function unlessEnded<T>({ task, container }: TaskWorker, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (container.takeInEnd()) throw new ContainerStateError(task.containerName, 'has just ended');
    throw error;
  }
}

/** Asks the shim of a container, unless that has ended. */
export function askShim<T>(worker: TaskWorker, request: (shim: ShimConnection) => Promise<T>): Promise<T> {
  return unlessEnded(worker, worker.container.connection().then(request));
}
