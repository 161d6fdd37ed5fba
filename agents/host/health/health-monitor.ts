import type { ContainerStatus } from '../../../src/model/objects.ts';
import type { ShimState } from '../tasks/shim.ts';
import { HealthRunner } from './health-runner.ts';
import type { Clock } from './health-runner.ts';
import { initialHealth } from './health-state.ts';
import type { HealthState, ProbeResult } from './health-state.ts';
import type { Healthcheck } from './healthcheck.ts';

/** Runs a probe in the container; see health/probe.ts. */
type Probe = (check: Healthcheck, signal: AbortSignal) => Promise<ProbeResult>;

export interface HealthMonitorOptions {
  readonly probe: Probe;
  readonly onChange: (health: HealthState) => void;
  /** What an earlier daemon knew of the run that began then. */
  readonly known: Pick<ContainerStatus, 'health' | 'startedAt'> | null;
  readonly clock?: Clock;
}

/** Keeps the probing of one container in step with its phases: a new health for each run, no probes while it is paused or down. */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  #runner: HealthRunner | null = null;
  #startedAt: string | null = null;
  #isProbing = false;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#startedAt = options.known?.startedAt ?? null;
  }

  /** Null without a healthcheck. */
  get health(): HealthState | null {
    return this.#runner?.health ?? null;
  }

  /** Called with each state of the container. */
  follow(shim: ShimState, check: Healthcheck | null): void {
    if (check === null || shim.phase === 'created') return;
    this.#runner ??= this.#makeRunner(check);
    if (shim.phase !== 'running' || shim.startedAt === null) {
      this.stop();
    } else if (shim.startedAt !== this.#startedAt) {
      this.#startedAt = shim.startedAt;
      this.#isProbing = true;
      this.#runner.start(Date.parse(shim.startedAt));
    } else if (!this.#isProbing) {
      this.#isProbing = true;
      this.#runner.resume(Date.parse(shim.startedAt));
    }
  }

  /** No probes until the next state that asks for them. */
  stop(): void {
    this.#isProbing = false;
    this.#runner?.stop();
  }

  #makeRunner(check: Healthcheck): HealthRunner {
    const { probe, onChange, known, clock } = this.#options;
    const options = { check, probe: (signal: AbortSignal) => probe(check, signal), onChange };
    return new HealthRunner({ ...options, ...(clock === undefined ? {} : { clock }) }, known?.health ?? initialHealth);
  }
}
