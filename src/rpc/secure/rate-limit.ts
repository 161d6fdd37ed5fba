interface Allowance {
  readonly left: number;
  readonly atMs: number;
}

/** Keys that have all of their allowance again are forgotten when there are so many. */
const maxKeys = 1024;

/** So many at once for each key, then so many per second (a token bucket). */
export class RateLimit {
  readonly #burst: number;
  readonly #perMs: number;
  readonly #now: () => number;
  readonly #allowances = new Map<string, Allowance>();

  constructor(
    { burst, perSecond }: { readonly burst: number; readonly perSecond: number },
    now: () => number = () => performance.now(),
  ) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#now = now;
  }

  /** False when the key has used up what it may. */
  take(key: string): boolean {
    const left = this.#leftOf(key);
    if (left < 1) return false;
    if (this.#allowances.size >= maxKeys) this.#sweep();
    this.#allowances.set(key, { left: left - 1, atMs: this.#now() });
    return true;
  }

  #leftOf(key: string): number {
    const known = this.#allowances.get(key);
    if (known === undefined) return this.#burst;
    return Math.min(this.#burst, known.left + (this.#now() - known.atMs) * this.#perMs);
  }

  #sweep(): void {
    for (const key of this.#allowances.keys()) if (this.#leftOf(key) >= this.#burst) this.#allowances.delete(key);
    // A flood from that many addresses: the first that came are forgotten, which gives them all of it again.
    for (const key of this.#allowances.keys()) {
      if (this.#allowances.size < maxKeys) return;
      this.#allowances.delete(key);
    }
  }
}
