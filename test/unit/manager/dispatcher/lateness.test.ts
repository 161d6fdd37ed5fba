import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Lateness } from '../../../../src/manager/dispatcher/lateness.ts';

describe('the lateness of a process', () => {
  let clockMs = 0;
  let lateness: Lateness;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    clockMs = 0;
    lateness = new Lateness(() => clockMs);
  });
  afterEach(() => {
    lateness.stop();
    mock.timers.reset();
  });
  const pass = (ms: number, isBlocked = false): void => {
    clockMs += ms;
    if (!isBlocked) mock.timers.tick(ms);
  };

  it('is none while its timer comes in time', () => {
    for (let count = 0; count < 10; count++) pass(250);
    assert.equal(lateness.totalMs, 0);
  });

  it('is how long the timer was kept waiting, before and after it has come', () => {
    pass(1250, true);
    assert.equal(lateness.totalMs, 1000);
    mock.timers.tick(250);
    assert.equal(lateness.totalMs, 1000);
    pass(250);
    pass(750, true);
    assert.equal(lateness.totalMs, 1500);
  });
});
