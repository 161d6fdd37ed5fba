/** How often it is looked, in ms: blocks that are shorter add nothing that matters to heartbeats of seconds. */
const periodMs = 250;

/** How long this process has been too busy to listen, all in all: what comes in late then is not the sender's fault. */
export class Lateness {
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #lookedAt: number;
  #totalMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lookedAt = now();
    this.#timer = setInterval(() => this.#look(), periodMs);
    this.#timer.unref();
  }

  /** Grows by each delay of its own timer, in ms. */
  get totalMs(): number {
    return this.#totalMs + this.#delayMs();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#totalMs += this.#delayMs();
    this.#lookedAt = this.#now();
  }

  #delayMs(): number {
    return Math.max(0, this.#now() - this.#lookedAt - periodMs);
  }
}

/** Less than this, in ms, the manager was not late. */
const toleratedMs = 100;

/**
 * A timer for what others have to say within `ms`: while this process was too busy to listen it did not hear them, so they get that time again.
 * Returns what ends it.
 */
export function patientTimeout(lateness: Pick<Lateness, 'totalMs'>, ms: number, onSilence: () => void): () => void {
  let heardUpTo = lateness.totalMs;
  const look = (): void => {
    const lateMs = lateness.totalMs - heardUpTo;
    if (lateMs <= toleratedMs) {
      onSilence();
      return;
    }
    heardUpTo += lateMs;
    timer = setTimeout(look, Math.min(lateMs, ms));
  };
  let timer = setTimeout(look, ms);
  return () => {
    clearTimeout(timer);
  };
}
