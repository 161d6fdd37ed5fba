import type { ContainerStatus } from '../../../src/model/objects.ts';
import type { Healthcheck } from './healthcheck.ts';

export type HealthState = NonNullable<ContainerStatus['health']>;

export interface ProbeResult {
  /** -1 when the probe was killed because its time was over. */
  readonly exitCode: number;
  readonly output: string;
}

export const initialHealth: HealthState = { state: 'starting', failingStreak: 0, lastOutput: '' };

/**
 * Health after one more probe. One success makes healthy, from anywhere; `retries` failures in a row make unhealthy; failures
 * while starting within the start period are not counted.
 */
export function nextHealth(
  current: HealthState,
  result: ProbeResult,
  check: Pick<Healthcheck, 'retries' | 'startPeriodMs'>,
  sinceStartMs: number,
): HealthState {
  const lastOutput = result.output;
  if (result.exitCode === 0) return { state: 'healthy', failingStreak: 0, lastOutput };
  if (current.state === 'starting' && sinceStartMs < check.startPeriodMs) return { ...current, lastOutput };
  const failingStreak = current.failingStreak + 1;
  const state = failingStreak >= check.retries ? 'unhealthy' : current.state;
  return { state, failingStreak, lastOutput };
}

/** Pause between the end of one probe (or the start of the container) and the next, in ms. */
export function probeDelayMs(
  current: HealthState,
  check: Pick<Healthcheck, 'intervalMs' | 'startPeriodMs' | 'startIntervalMs'>,
  sinceStartMs: number,
): number {
  return current.state === 'starting' && sinceStartMs < check.startPeriodMs ? check.startIntervalMs : check.intervalMs;
}
