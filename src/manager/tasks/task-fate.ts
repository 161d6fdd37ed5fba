/** Whether a new container works, as updates see it. */
import type { TaskObject } from '../../model/objects.ts';
import { hasEnded } from './task-phase.ts';

/** True when it serves: it runs, is healthy where there is a check, its names and ports lead to it, and the hooks after its start are over. */
export function isUp({ desiredRun, status: { run, state, container } }: TaskObject): boolean {
  if (run < desiredRun || state !== 'running' || container === null) return false;
  if (container.phase === 'restarting' || container.phase === 'stopping' || !container.serving) return false;
  const hasHooksLeft = container.hook?.event === 'post_start' && container.hook.state !== 'done';
  return !hasHooksLeft && (container.health === null || container.health.state === 'healthy');
}

/** How and when (ms since the epoch) it failed. */
export interface Failure {
  readonly message: string;
  readonly atMs: number;
}

/** Its first failure: an end that nobody asked for, also one after which its node has restarted it, or a failed check; null while all is well. */
export function failureOf(task: TaskObject, nowMs: number): Failure | null {
  const { status, containerName } = task;
  const first = status.container?.runs[0];
  if (first?.finishedAt != null) {
    return {
      message: `${containerName} exited with code ${first.exitCode ?? 'unknown'}`,
      atMs: Date.parse(first.finishedAt),
    };
  }
  if (hasEnded(task) && status.state !== 'shutdown') return endOf(task);
  if (status.container?.health?.state === 'unhealthy') {
    const output = status.container.health.lastOutput.trim();
    return { message: `${containerName} is unhealthy${output === '' ? '' : `: ${output}`}`, atMs: nowMs };
  }
  const hook = status.container?.hook;
  if (hook?.event === 'post_start' && hook.state === 'failed') {
    return { message: `${containerName}: ${hook.message}`, atMs: nowMs };
  }
  return null;
}

function endOf({ containerName, status }: TaskObject): Failure {
  const code = status.container?.exitCode ?? null;
  const why = status.error?.message ?? (status.message === '' ? null : status.message);
  const message = why ?? (code === null ? status.state : `exited with code ${code}`);
  return { message: `${containerName}: ${message}`, atMs: Date.parse(status.container?.finishedAt ?? status.at) };
}
