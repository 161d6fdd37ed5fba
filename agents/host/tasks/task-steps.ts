import type { TaskStep } from './next-step.ts';
import { prepare } from './steps/prepare.ts';
import { recover } from './steps/recover.ts';
import { remove } from './steps/remove.ts';
import { runHooks } from './steps/run-hooks.ts';
import { leave, serve } from './steps/serve.ts';
import { start } from './steps/start.ts';
import { stop } from './steps/stop.ts';
import type { TaskWorker } from './task-worker.ts';

/** Does one step of a task. Failures of the task itself end in its status; nothing is thrown for them. */
export async function executeStep(worker: TaskWorker, step: TaskStep): Promise<void> {
  switch (step.kind) {
    case 'none':
      return;
    case 'prepare':
      return prepare(worker, step.run, step.start);
    case 'start':
      return start(worker);
    case 'serve':
      return serve(worker);
    case 'leave':
      return leave(worker);
    case 'hooks':
      return runHooks(worker, step);
    case 'stop':
      return stop(worker, step.graceMs);
    case 'recover':
      return recover(worker);
    case 'cancel':
      return worker.setState('shutdown');
    case 'remove':
      return remove(worker);
  }
}
