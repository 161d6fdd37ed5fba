import { startTimer } from '../../../src/model/timer.ts';
import type { Healthcheck } from './healthcheck.ts';
import { initialHealth, nextHealth, probeDelayMs } from './health-state.ts';
import type { HealthState, ProbeResult } from './health-state.ts';

/** Time as the runner needs it; tests bring their own. */
export interface Clock {
  now(): number;
  /** Calls back once; the result cancels. */
  after(delayMs: number, callback: () => void): () => void;
}

const systemClock: Clock = {
  now: () => Date.now(),
  after: startTimer,
};

export interface HealthRunnerOptions {
  readonly check: Healthcheck;
  /** Runs the probe once. Rejects when it could not even be started. */
  readonly probe: (signal: AbortSignal) => Promise<ProbeResult>;
  readonly onChange: (health: HealthState) => void;
  readonly clock?: Clock;
}

/**
 * Probes one container while it runs. Never has two probes under way, and reports nothing of a probe that ends after stop or
 * pause. `start` is for each run of the container, `resume` for the end of a pause.
 */
export class HealthRunner {
  readonly #options: HealthRunnerOptions;
  readonly #clock: Clock;
  #health: HealthState;
  #startedAtMs = 0;
  #cancelTimer: (() => void) | null = null;
  #probing: AbortController | null = null;

  constructor(options: HealthRunnerOptions, known: HealthState = initialHealth) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#health = known;
  }

  get health(): HealthState {
    return this.#health;
  }

  /** A new run began: its health is not known. Does not call back: the caller is about to report the new run. */
  start(startedAtMs: number): void {
    this.#health = initialHealth;
    this.resume(startedAtMs);
  }

  /** Goes on probing a run that began at that time. */
  resume(startedAtMs: number): void {
    this.stop();
    this.#startedAtMs = startedAtMs;
    this.#schedule();
  }

  /** Paused, stopped or gone. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#probing?.abort();
    this.#probing = null;
  }

  #schedule(): void {
    const delayMs = probeDelayMs(this.#health, this.#options.check, this.#sinceStartMs());
    this.#cancelTimer = this.#clock.after(delayMs, () => void this.#probeOnce());
  }

  async #probeOnce(): Promise<void> {
    const probing = new AbortController();
    this.#probing = probing;
    const result = await this.#options.probe(probing.signal).catch(toFailure);
    if (probing.signal.aborted) return;
    this.#probing = null;
    const before = this.#health;
    this.#health = nextHealth(before, result, this.#options.check, this.#sinceStartMs());
    if (isNews(before, this.#health)) this.#options.onChange(this.#health);
    this.#schedule();
  }

  #sinceStartMs(): number {
    return this.#clock.now() - this.#startedAtMs;
  }
}

/** What one more good probe printed is none: each report is written to disk on both sides. */
function isNews(before: HealthState, now: HealthState): boolean {
  return now.state !== 'healthy' || before.state !== 'healthy' || before.failingStreak !== now.failingStreak;
}

function toFailure(error: unknown): ProbeResult {
  return { exitCode: -1, output: error instanceof Error ? error.message : String(error) };
}
