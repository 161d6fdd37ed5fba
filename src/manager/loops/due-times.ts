/** Two clocks in ms: one tells the time, and may be set; the other only goes on, and stands still while the machine sleeps. */
export interface Clocks {
  readonly now: () => number;
  readonly steady: () => number;
}

const machine: Clocks = { now: () => Date.now(), steady: () => performance.now() };

/** How late it may be noticed that the clock was set forward, or that the machine slept: timers know neither. */
const longestLookMs = 60_000;

/** A time, and when it has come at the latest by the clock that is never set. */
interface Due {
  readonly atMs: number;
  readonly bySteadyMs: number;
}

/** When keys are to be looked at. Each comes up when its time has come, and also when as long has passed as there was left: so a clock that is set back holds nothing up. */
export class DueTimes<Key> {
  readonly #due = new Map<Key, Due>();
  readonly #clocks: Clocks;

  constructor(clocks: Clocks = machine) {
    this.#clocks = clocks;
  }

  /** `atMs` is in ms since the epoch. */
  set(key: Key, atMs: number): void {
    this.#due.set(key, { atMs, bySteadyMs: this.#clocks.steady() + atMs - this.#clocks.now() });
  }

  delete(key: Key): void {
    this.#due.delete(key);
  }

  /** After how long there is to be a look, in ms; null when nothing is due ever. */
  get waitMs(): number | null {
    if (this.#due.size === 0) return null;
    const [nowMs, steadyMs] = [this.#clocks.now(), this.#clocks.steady()];
    let waitMs = longestLookMs;
    for (const { atMs, bySteadyMs } of this.#due.values())
      waitMs = Math.min(waitMs, atMs - nowMs, bySteadyMs - steadyMs);
    return Math.max(0, waitMs);
  }

  /** Those that have come up, which are due no more. */
  take(): readonly Key[] {
    const [nowMs, steadyMs] = [this.#clocks.now(), this.#clocks.steady()];
    const isDue = ({ atMs, bySteadyMs }: Due): boolean => atMs <= nowMs || bySteadyMs <= steadyMs;
    const keys = [...this.#due].filter(([, due]) => isDue(due)).map(([key]) => key);
    for (const key of keys) this.#due.delete(key);
    return keys;
  }
}
