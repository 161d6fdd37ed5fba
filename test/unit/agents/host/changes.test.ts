import assert from 'node:assert/strict';
import { Changes } from '../../../../agents/host/changes.ts';
import { UnhealthyEnd } from '../../../../agents/host/health/unhealthy-end.ts';

describe('changes', () => {
  it('let all who wait look again, and go on only those whose condition holds', async () => {
    const changes = new Changes();
    const over = new AbortController();
    let count = 0;
    const first = changes.until(() => count >= 1, over.signal);
    const second = changes.until(() => count >= 2, over.signal);
    count = 1;
    changes.note();
    assert.equal(await first, true);
    over.abort();
    assert.equal(await second, false);
  });

  it('keep nobody waiting for what holds already, even when the signal has aborted', async () => {
    assert.equal(await new Changes().until(() => true, AbortSignal.abort()), true);
  });
});

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
