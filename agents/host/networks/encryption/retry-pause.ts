/** From one attempt to the next, in ms: twice as long each time. Others hear of each change, so that none comes every few seconds. */
const firstPauseMs = 30_000;
const longestPauseMs = 3_600_000;

/** After so long without a failure, in ms, the next one has nothing to do with those before. */
const forgottenMs = 2 * longestPauseMs;

/** The pause after a failure, until which nothing is tried; then it says so by itself. It does not keep the process alive. */
export class RetryPause {
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #begunAtMs = -Infinity;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  get isOn(): boolean {
    return this.#timer !== null;
  }

  begin(): void {
    this.end();
    const nowMs = performance.now();
    if (nowMs - this.#begunAtMs > forgottenMs) this.#failures = 0;
    this.#begunAtMs = nowMs;
    const pauseMs = Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs);
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#onOver();
    }, pauseMs);
    this.#timer.unref();
  }

  /** Without a word. */
  end(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }
}
