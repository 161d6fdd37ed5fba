import { runHook } from '../../hooks/run-hook.ts';
import type { TaskStep } from '../next-step.ts';
import type { TaskWorker } from '../task-worker.ts';

type HooksStep = Extract<TaskStep, { kind: 'hooks' }>;

/** What the hooks of a stop have at least, however short its grace: as long as a kubelet gives them. */
const leastAllowanceMs = 2000;
/** The stop waits for the news of a failure to be with the manager, before the container's end can overtake it. */
const reportMs = 5000;

/**
 * Runs the hooks of a container that have not run yet, one after the other, up to the first that fails. One that was cut off by the end of
 * a daemon runs again. A stop goes on whatever its hooks did: no hook keeps a container alive.
 */
export async function runHooks(worker: TaskWorker, step: HooksStep): Promise<void> {
  const beganAt = performance.now();
  await runInOrder(worker, step);
  if (step.event === 'pre_stop') countGrace(worker, Math.round(performance.now() - beganAt));
  const isNews = worker.progress.hook?.state === 'failed' && !worker.loop.released.aborted;
  if (isNews) await Promise.race([worker.host.statuses.flushed(), worker.loop.pause(reportMs)]);
}

async function runInOrder(worker: TaskWorker, step: HooksStep): Promise<void> {
  const { event } = step;
  const { postStart, preStop } = worker.task.spec.hooks;
  const hooks = event === 'post_start' ? postStart : preStop;
  const deadline = deadlineOf(step);
  const known = worker.progress.hook;
  const first = known?.event === event && known.state === 'running' ? known.index : 0;
  for (const [index, hook] of [...hooks.entries()].slice(first)) {
    worker.setHook({ event, state: 'running', index, message: '', output: '' });
    const timeoutMs = deadline === null ? null : Math.max(1, Math.round(deadline - performance.now()));
    const failure = await runHook(worker, hook, { timeoutMs, signal: worker.loop.stepSignal });
    // The next daemon runs it again.
    if (worker.loop.released.aborted) return;
    if (failure !== null) return worker.setHook({ event, state: 'failed', index, ...failure });
  }
  worker.setHook({ event, state: 'done', index: hooks.length, message: '', output: '' });
}

/** What the hooks of a stop take is no longer there for the stop itself. */
function countGrace(worker: TaskWorker, elapsedMs: number): void {
  worker.setProgress({ hookMs: worker.progress.hookMs + elapsedMs });
}

/** On the clock of performance.now(); null = none. */
function deadlineOf(step: HooksStep): number | null {
  if (step.event === 'post_start' || step.graceMs < 0) return null;
  return performance.now() + Math.max(step.graceMs, leastAllowanceMs);
}
