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
}

/** The one thing to do next; the caller does it and asks again. */
export type TaskStep =
  | { readonly kind: 'none' }
  /** Make the container of that run, and start it in the same go with `start`. */
  | { readonly kind: 'prepare'; readonly run: number; readonly start: boolean }
  | { readonly kind: 'start' }
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
  return start && view.container === 'created' ? { kind: 'start' } : none;
}

/** A stop that is already under way is repeated only to shorten it. */
function stop(view: TaskView): TaskStep {
  const { stopping, graceMs } = view;
  const isShorter = stopping !== null && graceMs !== -1 && (stopping === -1 || graceMs < stopping);
  return stopping === null || isShorter ? { kind: 'stop', graceMs } : none;
}

function isAlive({ container }: TaskView): boolean {
  return container !== 'none' && container !== 'lost' && container !== 'exited';
}

function assertNever(value: never): never {
  throw new Error(`unknown desired state ${String(value)}`);
}
