import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { longestTimerMs, startTimer } from '../../../src/model/timer.ts';

describe('a timer', () => {
  let calls: number;
  const call = (): void => void (calls += 1);

  beforeEach(() => {
    calls = 0;
    mock.timers.enable({ apis: ['setTimeout'] });
  });
  afterEach(() => mock.timers.reset());

  it('goes off once, when its time has come, however long that is', () => {
    for (const delayMs of [0, 1, longestTimerMs, longestTimerMs + 1, 5 * longestTimerMs]) {
      calls = 0;
      startTimer(delayMs, call);
      for (let left = delayMs; left > 0; left -= longestTimerMs) {
        assert.equal(calls, 0);
        mock.timers.tick(Math.min(left, longestTimerMs));
      }
      mock.timers.tick(1);
      assert.equal(calls, 1, `${delayMs} ms`);
    }
  });

  it('asks Node for no longer timer than it has', async () => {
    mock.timers.reset();
    const warned = new Promise<boolean>((resolve) => {
      process.once('warning', () => resolve(true));
      // Warnings are told in the next turn.
      setImmediate(() => setImmediate(() => resolve(false)));
    });
    const end = startTimer(2 * longestTimerMs, call);
    assert.equal(await warned, false);
    end();
  });

  it('can be ended in each part of its time', () => {
    for (const parts of [0, 1, 2]) {
      const end = startTimer(2.5 * longestTimerMs, call);
      mock.timers.tick(parts * longestTimerMs);
      end();
      mock.timers.tick(3 * longestTimerMs);
      assert.equal(calls, 0);
    }
  });
});
