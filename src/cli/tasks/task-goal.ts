/** When a command has what it wants of a container. Pure: a task as it is in, a verdict out. */
import { isJob } from '../../model/deploy-spec.ts';
import type { HookStatus, TaskObject } from '../../model/objects.ts';
import { isTerminal, observedStateNumbers, type ObservedState } from '../../model/states.ts';

/**
 * - `accepted`: a node has it
 * - `created`: made, not started
 * - `started`: started at least once in the wanted run, whatever became of it
 * - `ready`: running, healthy where there is a check, else for `steadyMs`; ended with 0 where a dependant waits for that (`--wait`)
 * - `stopped`: ended and meant to be
 * - `removed`: gone
 */
export type TaskGoal = 'accepted' | 'created' | 'started' | 'ready' | 'stopped' | 'removed';

export type Verdict =
  /** `forMs`: it is worth another look after that long even if nothing changes. */
  | { readonly kind: 'waiting'; readonly forMs?: number }
  | { readonly kind: 'reached' }
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string | null };

export type FailedVerdict = Extract<Verdict, { kind: 'failed' }>;

const waiting: Verdict = { kind: 'waiting' };
const reached: Verdict = { kind: 'reached' };

/**
 * How long a container without a check has to run to count as ready: a program that cannot work ends by then. It is the time after which
 * docker compose looks for the first time.
 */
const steadyMs = 500;

/** What a verdict depends on besides the task itself. */
export interface Circumstances {
  /** Somebody depends on the end of this service, so that an end with code 0 is a success. */
  readonly mayComplete: boolean;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** By default nobody waits for its end, and it has run for long enough. */
export function judgeTask(
  task: TaskObject | undefined,
  goal: TaskGoal,
  { mayComplete, nowMs }: Circumstances = { mayComplete: false, nowMs: Infinity },
): Verdict {
  if (goal === 'removed') return task === undefined ? reached : waiting;
  if (task === undefined) return goal === 'stopped' ? reached : failed('the container was removed meanwhile', null);
  if (goal === 'stopped') return isStopped(task) ? reached : waiting;
  if (task.gate?.failed === true) return failed(task.gate.message, null);
  const cause = startFailure(task);
  if (cause !== null) return cause;
  if (task.status.run < task.desiredRun) return waiting;
  if (goal === 'accepted') return isAtLeast(task, 'accepted') ? reached : waiting;
  if (goal === 'created') return isAtLeast(task, 'ready') ? reached : waiting;
  if (task.gate !== null) return waiting;
  return goal === 'started' ? judgeStarted(task) : judgeReady(task, { mayComplete, nowMs });
}

/** Why a container could not be made or started; null when it could, or it is not known yet. */
export function startFailure(task: TaskObject): FailedVerdict | null {
  const { run, state, error, container, message } = task.status;
  const isOfEarlierRun = run < task.desiredRun || (task.gate?.next === 'running' && run < task.gate.run);
  if (isOfEarlierRun) return null;
  const hasNeverRun = container?.startedAt == null;
  if (state === 'rejected' || (state === 'failed' && error !== null && hasNeverRun)) {
    return failed(`container ${task.containerName}: ${error?.message ?? message}`, error?.hint ?? null);
  }
  return null;
}

/** True while a container runs, or will without anybody doing anything. */
export function isGoingOn(task: TaskObject): boolean {
  if (task.gate?.next === 'running') return !task.gate.failed;
  if (task.status.run < task.desiredRun) return task.desired === 'running';
  return !isTerminal(task.status.state) && (task.desired === 'running' || task.status.state === 'running');
}

function judgeStarted(task: TaskObject): Verdict {
  return hasRun(task) ? judgeHooks(task) : waiting;
}

/** A start is complete when the hooks that follow it are. */
function judgeHooks({ containerName, status }: TaskObject): Verdict {
  const hook = status.container?.hook;
  if (hook?.event !== 'post_start' || hook.state === 'done') return reached;
  return hook.state === 'running' ? waiting : failed(`container ${containerName}: ${hook.message}`, hintOf(hook));
}

/** How the hooks of a stop that is under way have failed, as a verdict on the command that asked for it; null when they have not. */
export function stopHookFailure({ containerName, status }: TaskObject): FailedVerdict | null {
  const hook = status.container?.hook;
  // Of a container that has ended it may be old news.
  if (hook?.event !== 'pre_stop' || hook.state !== 'failed' || isTerminal(status.state)) return null;
  return failed(`container ${containerName}: ${hook.message}`, hintOf(hook));
}

function hintOf({ output }: HookStatus): string | null {
  return output === '' ? null : `the hook said: ${output}`;
}

/** True when the process of the current run runs, or did. While it is `starting`, what is known of the container may still be of the run before. */
export function hasRun({ status: { state, container } }: TaskObject): boolean {
  if (container?.startedAt == null) return false;
  const isAlive = ['running', 'paused', 'restarting'].includes(container.phase);
  return observedStateNumbers[state] >= observedStateNumbers.running || (state === 'starting' && isAlive);
}

/** True when something runs before or after the lives of this container. */
export function hasHooks({ spec: { hooks } }: TaskObject): boolean {
  return hooks.preStart.length + hooks.postStart.length + hooks.preStop.length > 0;
}

/** Who waits for services to run is told how to say that one is to end. */
function endedHint(service: string, code: number): string {
  const see = `see \`tsstack logs ${service}\``;
  if (code !== 0) return see;
  return `it is to end? \`depends_on\` with \`condition: service_completed_successfully\` says so, or \`deploy.mode: replicated-job\`; ${see}`;
}

function judgeReady(task: TaskObject, { mayComplete, nowMs }: Circumstances): Verdict {
  const { state, container } = task.status;
  if (isTerminal(state)) {
    const code = container?.exitCode ?? 0;
    if (code === 0 && (mayComplete || isJob(task.spec))) return reached;
    return failed(`container ${task.containerName} exited (${code})`, endedHint(task.service, code));
  }
  if (container?.health?.state === 'unhealthy') {
    const output = container.health.lastOutput.trim();
    return failed(`container ${task.containerName} is unhealthy`, output === '' ? null : `its check said: ${output}`);
  }
  if (mayComplete || state !== 'running' || container?.phase === 'restarting') return waiting;
  const hooks = judgeHooks(task);
  if (hooks !== reached) return hooks;
  if (container?.health == null) return judgeSteady(container?.startedAt ?? '', nowMs);
  return container.health.state === 'starting' ? waiting : reached;
}

/** A clock of the node that goes wrong makes nobody wait for longer. */
function judgeSteady(startedAt: string, nowMs: number): Verdict {
  const forMs = Math.min(steadyMs, Date.parse(startedAt) + steadyMs - nowMs);
  return forMs > 0 ? { kind: 'waiting', forMs } : reached;
}

function isStopped(task: TaskObject): boolean {
  // Without a node there is nothing that could run.
  return task.gate === null && task.desired !== 'running' && (task.nodeId === null || isTerminal(task.status.state));
}

function isAtLeast(task: TaskObject, state: ObservedState): boolean {
  return observedStateNumbers[task.status.state] >= observedStateNumbers[state];
}

function failed(message: string, hint: string | null): FailedVerdict {
  return { kind: 'failed', message, hint };
}
