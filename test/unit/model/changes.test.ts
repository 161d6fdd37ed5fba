import assert from 'node:assert/strict';
import { Changes } from '../../../src/model/changes.ts';

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
