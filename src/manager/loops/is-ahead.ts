/** By so much the clocks of managers may differ without anything being wrong. */
const toleratedMs = 60_000;

/**
 * Whether a time in the store (ms since the epoch) lies so far ahead that it is of a clock that was wrong: that of a manager that led before, or this
 * one's before it was set. A pause that began then is over: nobody knows how much of it is left, and the time itself may be years away.
 */
export function isAhead(atMs: number, nowMs: number): boolean {
  return atMs > nowMs + toleratedMs;
}
