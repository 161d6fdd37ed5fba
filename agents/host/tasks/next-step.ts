import type { HookStatus } from '../../../src/model/objects.ts';
import { isTerminal } from '../../../src/model/states.ts';
import type { DesiredState, ObservedState } from '../../../src/model/states.ts';
import type { ShimState } from './shim.ts';

/** What is known of a task when its next step is chosen. */
export interface TaskView {
  readonly desired: DesiredState;
  readonly desiredRun: number;
  readonly run: number;
  readonly state: ObservedState;
  /** Phase of the container; `none` when there never was one in this run or it has been removed; `lost` when it vanished without a word. */
  readonly container: ShimState['phase'] | 'none' | 'lost';
  /** Grace in ms of the stop under way (-1 = for ever), or null when none is. */
  readonly stopping: number | null;
  /** Grace in ms that a stop shall have now. */
  readonly graceMs: number;
  /** How far the hooks of this run have got; null before the first. */
  readonly hook: HookStatus | null;
  /** Hooks that come before the signal of a stop. */
  readonly hasPreStop: boolean;
  /** Its names and ports lead to it. */
  readonly serving: boolean;
  /** It came up beside the container that it replaces, and serves only when its check says that it can. */
  readonly isGated: boolean;
  readonly isHealthy: boolean;
}

/** The one thing to do next; the caller does it and asks again. */
export type TaskStep =
  | { readonly kind: 'none' }
  /** Make the container of that run, and start it in the same go with `start`. */
  | { readonly kind: 'prepare'; readonly run: number; readonly start: boolean }
  | { readonly kind: 'start' }
  /** Lead its names and ports to it, away from the container that it replaces. */
  | { readonly kind: 'serve' }
  /** Lead nobody to it any more, before it is told to end. */
  | { readonly kind: 'leave' }
  /** Run hooks inside the container; those before a stop use up its grace. */
  | { readonly kind: 'hooks'; readonly event: 'post_start' }
  | { readonly kind: 'hooks'; readonly event: 'pre_stop'; readonly graceMs: number }
  | { readonly kind: 'stop'; readonly graceMs: number }
  /** It was wanted to run and does no more, with no exit code known: bring it back or give it up. */
  | { readonly kind: 'recover' }
  /** Nothing was made yet and nothing is wanted. */
  | { readonly kind: 'cancel' }
  /** Take everything of it away. */
  | { readonly kind: 'remove' };

const none: TaskStep = { kind: 'none' };

/** Chooses the next step of a task. Pure: the same view gives the same step. */
export function nextStep(view: TaskView): TaskStep {
  switch (view.desired) {
    case 'remove':
      return isAlive(view) ? stop(view) : { kind: 'remove' };
    case 'stopped':
      if (isAlive(view)) return stop(view);
      return isTerminal(view.state) ? none : { kind: 'cancel' };
    case 'ready':
    case 'running':
      return forward(view);
    default:
      return assertNever(view.desired);
  }
}

/** Whether a step under way is of no use any more. Pure. */
export function isOutdated(step: TaskStep, view: TaskView): boolean {
  const isToEnd = view.desired === 'stopped' || view.desired === 'remove';
  if (step.kind !== 'hooks') return isToEnd;
  if (step.event === 'post_start') return isToEnd || view.desiredRun > view.run;
  return isShorter(view.graceMs, step.graceMs);
}

function forward(view: TaskView): TaskStep {
  const start = view.desired === 'running';
  if (view.desiredRun > view.run) {
    return isAlive(view) ? stop(view) : { kind: 'prepare', run: view.desiredRun, start };
  }
  if (isTerminal(view.state)) return none;
  if (!isAlive(view)) {
    // `starting` with no trace of a container: the daemon was killed just before it would have made one.
    const hasRun = view.state === 'running' || (view.state === 'starting' && view.container === 'lost');
    return hasRun ? { kind: 'recover' } : { kind: 'prepare', run: view.run, start };
  }
  if (start && view.container === 'running' && isPending(view.hook)) return { kind: 'hooks', event: 'post_start' };
  if (start && view.isGated && !view.serving && view.isHealthy && view.container === 'running')
    return { kind: 'serve' };
  return start && view.container === 'created' ? { kind: 'start' } : none;
}

function isPending(hook: HookStatus | null): boolean {
  return hook?.event === 'post_start' && hook.state === 'running';
}

/** A stop that is already under way is repeated only to shorten it. Hooks need a container whose processes run. */
function stop(view: TaskView): TaskStep {
  const { stopping, graceMs, hook } = view;
  if (stopping === null && view.serving) return { kind: 'leave' };
  const areHooksOver = hook?.event === 'pre_stop' && hook.state !== 'running';
  if (stopping === null && view.hasPreStop && !areHooksOver && view.container === 'running')
    return { kind: 'hooks', event: 'pre_stop', graceMs };
  return stopping === null || isShorter(graceMs, stopping) ? { kind: 'stop', graceMs } : none;
}

/** Of two graces in ms, of which -1 is for ever. */
function isShorter(graceMs: number, thanMs: number): boolean {
  return graceMs !== -1 && (thanMs === -1 || graceMs < thanMs);
}

function isAlive({ container }: TaskView): boolean {
  return container !== 'none' && container !== 'lost' && container !== 'exited';
}

function assertNever(value: never): never {
  throw new Error(`unknown desired state ${String(value)}`);
}
