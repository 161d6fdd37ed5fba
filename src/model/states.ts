/** Observed states of a task's current run, in the order in which they are passed; the numbers are those on the wire, spaced for insertions. */
export const observedStateNumbers = {
  new: 0,
  pending: 64,
  assigned: 192,
  accepted: 256,
  preparing: 320,
  ready: 384,
  starting: 448,
  running: 512,
  complete: 576,
  shutdown: 640,
  failed: 704,
  rejected: 768,
  orphaned: 832,
} as const;

export type ObservedState = keyof typeof observedStateNumbers;

/**
 * What a manager wants of a task.
 * - `ready`: prepared and created, not started (a dependency is not satisfied yet, or `up --no-start`); only ever before the first run
 * - `running`
 * - `stopped`: ended but kept, to be started again (`tsstack stop`)
 * - `remove`: ended and everything of it removed; the object goes when the agent reports it gone
 */
export type DesiredState = 'ready' | 'running' | 'stopped' | 'remove';

/** True for states after which nothing more happens in this run. */
export function isTerminal(state: ObservedState): boolean {
  return observedStateNumbers[state] > observedStateNumbers.running;
}

/** True for ends that nobody wanted. */
export function isFailure(state: ObservedState): boolean {
  return state === 'failed' || state === 'rejected';
}

/**
 * The one gate for observed states: within a run they only move forward; a new run (`start`, `restart`) begins again at `starting` or before.
 * Returns null when the step is allowed, else the reason.
 */
export function transitionError(
  from: { readonly run: number; readonly state: ObservedState },
  to: { readonly run: number; readonly state: ObservedState },
): string | null {
  if (to.run < from.run) return `run ${to.run} is over: the task is in run ${from.run}`;
  if (to.run === from.run && observedStateNumbers[to.state] < observedStateNumbers[from.state]) {
    return `a task cannot go back from ${from.state} to ${to.state} in one run`;
  }
  return null;
}
