/** What is told of a change that comes after a quiet time waits for nothing; what comes right behind it waits this long, in ms. */
const shortestMs = 20;

/** However long something goes on changing, whoever is told of it is at most this far behind, in ms. */
const longestMs = 200;

/**
 * When to tell of something that may change again and again, each time as a whole: at once after a quiet time, and ever more changes together for
 * as long as they keep coming. Pure: whoever uses it has the clock (ms).
 */
export class Pace {
  #toldAtMs = -Infinity;
  #gapMs = 0;

  /** How long a change of now has to wait until it is told. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#toldAtMs + this.#gapMs - nowMs);
  }

  /** It was told. */
  told(nowMs: number): void {
    const isQuiet = nowMs - this.#toldAtMs > 2 * longestMs;
    this.#gapMs = isQuiet ? shortestMs : Math.min(2 * this.#gapMs, longestMs);
    this.#toldAtMs = nowMs;
  }
}
