/** First and longest pause between two attempts, in ms (semantics.md, section 2, says them for the way to a manager). */
const firstMs = 100;
const capMs = 8000;

/** Capped backoff with full jitter, so that the agents of a restarted manager do not come back all at once. */
export class Backoff {
  readonly #random: () => number;
  #limitMs = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next pause in whole ms (others no timer of Node's takes): anything from 0 up to a limit that grows from 100 ms to 8 s. */
  next(): number {
    this.#limitMs = Math.min(firstMs + 2 * this.#limitMs, capMs);
    return Math.round(this.#random() * this.#limitMs);
  }

  /** After success. */
  reset(): void {
    this.#limitMs = 0;
  }
}
