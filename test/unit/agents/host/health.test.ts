import assert from 'node:assert/strict';
import { HealthRunner } from '../../../../agents/host/health/health-runner.ts';
import { initialHealth, nextHealth, probeDelayMs } from '../../../../agents/host/health/health-state.ts';
import type { HealthState, ProbeResult } from '../../../../agents/host/health/health-state.ts';
import { resolveHealthcheck } from '../../../../agents/host/health/healthcheck.ts';
import type { HealthcheckSpec } from '../../../../src/model/spec.ts';

const unset: HealthcheckSpec = {
  test: null,
  intervalMs: null,
  timeoutMs: null,
  retries: null,
  startPeriodMs: null,
  startIntervalMs: null,
};
const good: ProbeResult = { exitCode: 0, output: 'ok' };
const bad: ProbeResult = { exitCode: 1, output: 'no' };

describe('healthcheck', () => {
  const image = { ...unset, test: ['CMD-SHELL', 'probe'], intervalMs: 7, startPeriodMs: 0 };

  it('takes the file before the image before the defaults', () => {
    assert.deepEqual(resolveHealthcheck({ ...unset, timeoutMs: 9 }, image), {
      command: ['/bin/sh', '-c', 'probe'],
      intervalMs: 7,
      timeoutMs: 9,
      retries: 3,
      startPeriodMs: 0,
      startIntervalMs: 5000,
    });
    assert.deepEqual(resolveHealthcheck({ ...unset, test: ['CMD', 'a', 'b'] }, image)?.command, ['a', 'b']);
  });

  it('is none when switched off, absent or NONE', () => {
    assert.equal(resolveHealthcheck({ ...unset, test: 'disabled' }, image), null);
    assert.equal(resolveHealthcheck(null, null), null);
    assert.equal(resolveHealthcheck(unset, null), null);
    assert.equal(resolveHealthcheck({ ...unset, test: ['NONE'] }, image), null);
  });
});

describe('health state', () => {
  const check = { retries: 2, startPeriodMs: 1000, intervalMs: 100, startIntervalMs: 10 };
  const after = (results: readonly ProbeResult[], sinceStartMs: number): HealthState =>
    results.reduce((state, result) => nextHealth(state, result, check, sinceStartMs), initialHealth);

  it('becomes healthy by one success, from anywhere', () => {
    assert.equal(after([good], 0).state, 'healthy');
    assert.equal(after([bad, bad, good], 5000).state, 'healthy');
    assert.equal(after([bad, bad, good], 5000).failingStreak, 0);
  });

  it('becomes unhealthy by failures in a row', () => {
    assert.equal(after([bad], 5000).state, 'starting');
    assert.equal(after([bad, bad], 5000).state, 'unhealthy');
    assert.equal(after([good, bad, good, bad], 5000).state, 'healthy');
    assert.equal(after([good, bad, bad], 5000).state, 'unhealthy');
  });

  it('does not count failures within the start period until the first success', () => {
    assert.deepEqual(after([bad, bad, bad], 500), { state: 'starting', failingStreak: 0, lastOutput: 'no' });
    assert.equal(after([good, bad, bad], 500).state, 'unhealthy');
  });

  it('probes faster while starting within the start period', () => {
    assert.equal(probeDelayMs(initialHealth, check, 0), 10);
    assert.equal(probeDelayMs(initialHealth, check, 1000), 100);
    assert.equal(probeDelayMs({ ...initialHealth, state: 'healthy' }, check, 0), 100);
  });
});

/** A clock that stands still until told. */
class FakeClock {
  nowMs = 0;
  #timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  get pending(): readonly number[] {
    return this.#timers.map(({ at }) => at - this.nowMs);
  }

  /** Moves on and lets everything that is due, and its promises, run. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    const due = this.#timers.filter(({ at }) => at <= this.nowMs);
    this.#timers = this.#timers.filter(({ at }) => at > this.nowMs);
    for (const { callback } of due) callback();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('health runner', () => {
  const check = { command: ['x'], intervalMs: 100, timeoutMs: 50, retries: 1, startPeriodMs: 0, startIntervalMs: 10 };

  function make(probe: (signal: AbortSignal) => Promise<ProbeResult>): {
    clock: FakeClock;
    runner: HealthRunner;
    states: string[];
  } {
    const clock = new FakeClock();
    const states: string[] = [];
    const runner = new HealthRunner({ check, probe, clock, onChange: ({ state }) => states.push(state) });
    return { clock, runner, states };
  }

  it('probes one interval after the start and after the end of each probe', async () => {
    const slow = Promise.withResolvers<ProbeResult>();
    const { clock, runner, states } = make(() => slow.promise);
    runner.start(0);
    assert.deepEqual(clock.pending, [100]);
    await clock.pass(100);
    assert.deepEqual(clock.pending, [], 'nothing is scheduled while a probe runs');
    clock.nowMs += 40;
    slow.resolve(good);
    await clock.pass(0);
    assert.deepEqual(states, ['healthy']);
    assert.deepEqual(clock.pending, [100]);
  });

  it('takes a probe that cannot be started for a failed one', async () => {
    const { clock, runner, states } = make(() => Promise.reject(new Error('no shim')));
    runner.start(0);
    await clock.pass(100);
    assert.deepEqual(states, ['unhealthy']);
    assert.equal(runner.health.lastOutput, 'no shim');
  });

  it('does not report what good probes print, but each step between good and bad', async () => {
    const results = [good, { ...good, output: '12:01' }, { ...good, output: '12:02' }, bad, good, good];
    const clock = new FakeClock();
    const states: string[] = [];
    const probe = async (): Promise<ProbeResult> => results.shift() ?? good;
    const onChange = ({ state, failingStreak }: HealthState): unknown => states.push(`${state} ${failingStreak}`);
    const runner = new HealthRunner({ check: { ...check, retries: 2 }, probe, clock, onChange });
    runner.start(0);
    for (let probes = 0; probes < 6; probes++) await clock.pass(100);
    assert.deepEqual(states, ['healthy 0', 'healthy 1', 'healthy 0']);
    runner.stop();
  });

  it('is silent after a stop, also of the probe under way', async () => {
    let aborted = false;
    const slow = Promise.withResolvers<ProbeResult>();
    const { clock, runner, states } = make((signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return slow.promise;
    });
    runner.start(0);
    await clock.pass(100);
    runner.stop();
    slow.resolve(bad);
    await clock.pass(1000);
    assert.equal(aborted, true);
    assert.deepEqual(states, []);
    assert.deepEqual(clock.pending, []);
  });
});
