import type { HealthState } from '../health/health-state.ts';
import { isGated } from './gated-task.ts';
import type { TaskView } from './next-step.ts';
import type { RunProgress } from './run-progress.ts';
import type { TaskRecord } from './task-record.ts';

/** Grace of a stop that nobody says another one for. */
const defaultGraceMs = 10_000;

/** A task as its next step is chosen by. Pure. */
export function viewTask(
  { task, status, prepared }: TaskRecord,
  progress: RunProgress,
  container: TaskView['container'],
  health: HealthState | null,
): TaskView {
  const { spec, desired, desiredRun } = task;
  const { hook, hookMs, stopping, isServing, isStartRequested } = progress;
  return {
    desired: desired === 'ready' && isStartRequested ? 'running' : desired,
    desiredRun,
    run: status.run,
    state: status.state,
    container,
    stopping,
    graceMs: graceLeftMs(task.stopGraceMs ?? spec.container.stopGraceMs ?? defaultGraceMs, hookMs),
    hook,
    hasPreStop: spec.hooks.preStop.length > 0,
    serving: isServing,
    isGated: isGated(task),
    isHealthy: prepared?.healthcheck == null || health?.state === 'healthy',
  };
}

function graceLeftMs(wholeMs: number, usedMs: number): number {
  return wholeMs < 0 ? wholeMs : Math.max(0, wholeMs - usedMs);
}
