import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { NetFaults } from '../support/net-faults.ts';

/** Enough of a life that all of it is tried. */
const fewestCalls = 400;
const fewestRequests = 100;
/** Every seventh one, because each is the life of a network; `npm run fuzz` tries all. */
const step = Number(process.env['TSSTACK_FAULT_STEP'] ?? 7);

/** Nothing interrupts its calls: it has no signal handlers. (libnftables begins anew after an interruption, and so would for ever.) */
describe('tsstack-net: a call fails', function () {
  this.timeout(600_000);
  let faults: NetFaults;
  before(() => {
    faults = new NetFaults();
  });
  after(() => faults.dispose());

  it('says why, or has done what was asked; nothing is left when it is asked again', async () => {
    const all = await faults.live({ kind: 'none' });
    assert.ok(all.length > fewestCalls, `only ${all.join()}`);
    for (let which = 1; which <= all.length; which += step) await faults.live({ kind: 'call', which });
  });

  it('the same when it gets no memory once', async () => {
    for (let which = 1; ; which += 9 * step) {
      const { length } = await faults.live({ kind: 'memory', which, andAllAfter: false });
      if (length > 0) continue;
      assert.ok(which > fewestRequests, `only ${which}`);
      return;
    }
  });
});
