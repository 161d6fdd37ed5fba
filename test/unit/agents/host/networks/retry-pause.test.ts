import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { RetryPause } from '../../../../../agents/host/networks/encryption/retry-pause.ts';

describe('the pause after a failure', () => {
  let clockMs: number;
  let calls: number;
  let pause: RetryPause;

  beforeEach(() => {
    clockMs = 0;
    calls = 0;
    mock.timers.enable({ apis: ['setTimeout'] });
    mock.method(performance, 'now', () => clockMs);
    pause = new RetryPause(() => void (calls += 1));
  });
  afterEach(() => {
    pause.end();
    mock.timers.reset();
    mock.restoreAll();
  });

  const pass = (ms: number): void => {
    clockMs += ms;
    mock.timers.tick(ms);
  };
  /** Seconds of the pause that begins now. */
  const failedFor = (): number => {
    const begunAtMs = clockMs;
    pause.begin();
    while (pause.isOn) pass(30_000);
    return (clockMs - begunAtMs) / 1000;
  };

  it('is twice as long each time, up to an hour', () => {
    const pauses = Array.from({ length: 9 }, failedFor);
    assert.deepEqual(pauses, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    assert.equal(calls, 9, 'each says when it is over');
  });

  it('is short again for a failure that has nothing to do with those long before', () => {
    for (let failures = 0; failures < 9; failures += 1) failedFor();
    pass(2 * 3_600_000);
    assert.equal(failedFor(), 30);
  });
});
