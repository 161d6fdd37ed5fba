import { TaskError } from '../../errors.ts';
import type { TaskWorker } from '../task-worker.ts';
import { prepare } from './prepare.ts';

/** Brings a container back whose end nobody saw (its shim was killed, the machine went down), if its restart policy says so. */
export async function recover(worker: TaskWorker): Promise<void> {
  const { task, status } = worker.record;
  const { restart, container } = task.spec;
  if (restart.policy === 'no' || task.oneOff !== null) {
    const error = new TaskError('unavailable', 'ended unseen: its supervisor was killed or the machine went down');
    worker.fail('failed', error, worker.container.state);
    return;
  }
  // Contents of secrets and configs are on no disk here: only a manager has them.
  if (container.secrets.length + container.configs.length > 0) await worker.assigned();
  if (worker.loop.stepSignal.aborted) return;
  // The next shim counts from nought.
  worker.setProgress({ earlierRestarts: worker.progress.earlierRestarts + 1 });
  await prepare(worker, status.run, true);
}
