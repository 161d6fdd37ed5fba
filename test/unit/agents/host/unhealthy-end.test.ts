import assert from 'node:assert/strict';
import { UnhealthyEnd } from '../../../../agents/host/health/unhealthy-end.ts';

describe('the end of an unhealthy container', () => {
  it('comes once a run, and is tried again when it failed', async () => {
    const outcomes = [new Error('no answer'), null, null];
    let kills = 0;
    const end = new UnhealthyEnd(async () => {
      const outcome = outcomes[kills];
      kills += 1;
      if (outcome != null) throw outcome;
    });
    await assert.rejects(end.end('2026-01-01T00:00:00Z'), /no answer/);
    await end.end('2026-01-01T00:00:00Z');
    await end.end('2026-01-01T00:00:00Z');
    assert.equal(kills, 2);
    await end.end('2026-01-02T00:00:00Z');
    assert.equal(kills, 3);
  });
});
