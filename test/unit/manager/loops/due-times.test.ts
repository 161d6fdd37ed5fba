import assert from 'node:assert/strict';
import { DueTimes } from '../../../../src/manager/loops/due-times.ts';

describe('times that are due', () => {
  const hourMs = 3_600_000;
  let [nowMs, steadyMs] = [0, 0];
  let times: DueTimes<string>;
  beforeEach(() => {
    [nowMs, steadyMs] = [Date.parse('2026-01-01T00:00:00Z'), 1000];
    times = new DueTimes({ now: () => nowMs, steady: () => steadyMs });
  });
  const pass = (ms: number): void => void ([nowMs, steadyMs] = [nowMs + ms, steadyMs + ms]);

  it('come up when they have come, and once', () => {
    assert.equal(times.waitMs, null);
    times.set('a', nowMs + 5000);
    times.set('b', nowMs + 7000);
    assert.deepEqual([times.waitMs, times.take()], [5000, []]);
    pass(5000);
    assert.deepEqual([times.take(), times.take(), times.waitMs], [['a'], [], 2000]);
    times.delete('b');
    assert.equal(times.waitMs, null);
  });

  it('wait no longer when the clock is set back', () => {
    times.set('a', nowMs + 5000);
    nowMs -= hourMs;
    assert.equal(times.waitMs, 5000);
    pass(5000);
    assert.deepEqual(times.take(), ['a']);
  });

  it('come up early enough when the clock is set forward, or the machine has slept', () => {
    times.set('a', nowMs + hourMs);
    assert.equal(times.waitMs, 60_000);
    nowMs += hourMs;
    assert.deepEqual([times.waitMs, times.take()], [0, ['a']]);
  });
});
