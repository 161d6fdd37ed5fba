import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { ReconcileLoop, type Reconciler, type TimedReconciler } from '../../../../src/manager/loops/reconcile-loop.ts';
import { put, subjectOf } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { networkObject } from '../../../fixtures/objects.ts';

describe('a reconcile loop', () => {
  const store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
  after(() => store.close());

  it('takes up everything that failed, also what failed before something else did', async () => {
    const passes = new EventTarget();
    const seen: string[] = [];
    let isFailing = true;
    const reconciler: Reconciler<string> = {
      name: 'test',
      concerns: (change) => [subjectOf(change).id],
      everything: () => [],
      reconcile: (_view, keys) => {
        if (isFailing) throw new Error(`cannot write ${[...keys].join()}`);
        seen.push(...keys);
        passes.dispatchEvent(new Event('pass'));
        return [];
      },
    };
    const failures = new EventTarget();
    const loop = new ReconcileLoop(store, reconciler, () => failures.dispatchEvent(new Event('failure')));
    loop.run();
    for (const id of ['first', 'second']) {
      const failed = once(failures, 'failure');
      const change = put(networkObject({ id, version: 0 }));
      await store.update(() => ({ changes: [change], result: undefined }));
      await failed;
    }
    isFailing = false;
    await once(passes, 'pass');
    assert.deepEqual(seen.toSorted(), ['first', 'second']);
    await loop.stop();
  });

  it('looks again when the time has come that the state names, and not before', async () => {
    const passes = new EventTarget();
    let dueMs = Infinity;
    const seen: string[][] = [];
    const reconciler: TimedReconciler<string> = {
      name: 'test',
      concerns: () => [],
      everything: () => ['soon', 'never'],
      reconcile: (_view, keys, now) => {
        seen.push([...keys]);
        // From the first look on, however late that comes.
        dueMs = Math.min(dueMs, Date.parse(now) + 50);
        const isDue = Date.parse(now) >= dueMs;
        if (isDue) passes.dispatchEvent(new Event('due'));
        return { changes: [], lookAgainAt: new Map(isDue ? [] : [['soon', dueMs]]) };
      },
    };
    const loop = new ReconcileLoop(store, reconciler, (error) => assert.fail(String(error)));
    const due = once(passes, 'due');
    loop.run();
    await due;
    await loop.stop();
    assert.deepEqual(seen, [['soon', 'never'], ['soon']]);
  });
});
