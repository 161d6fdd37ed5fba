import { isRefusal } from '../refusal.ts';
import type { TaskWorker } from '../task-worker.ts';
import { failedStart } from './failed-start.ts';

/** Lets a created container run. */
export async function start(worker: TaskWorker): Promise<void> {
  worker.setState('starting');
  try {
    await worker.announce();
    await worker.container.start();
  } catch (error) {
    // A shim that does not answer may start it later.
    if (!isRefusal(error)) await worker.container.destroy();
    // The shim tells the end of the container too; whoever comes first, the second is passed over.
    worker.fail('failed', error, failedStart(error));
  }
}
