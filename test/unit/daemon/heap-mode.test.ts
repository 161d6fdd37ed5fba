import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fitHeapTo } from '../../../src/daemon/heap-mode.ts';
import { ContentSeal } from '../../../src/manager/authority/content-seal.ts';
import { put, remove } from '../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../src/manager/store/sqlite/sqlite-store.ts';
import { nodeObject } from '../../fixtures/objects.ts';

describe('the heap of the daemon', () => {
  let store: SqliteStore;
  let flags: string[];

  beforeEach(() => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    flags = [];
  });
  afterEach(() => store.close());

  const add = (from: number, to: number): Promise<undefined> =>
    store.update(() => ({
      changes: Array.from({ length: to - from }, (_, index) => put(nodeObject({ id: `n${from + index}`, version: 0 }))),
      result: undefined,
    }));
  const removeAllBut = (count: number): Promise<undefined> =>
    store.update((view) => ({ changes: view.all('node').slice(count).map(remove), result: undefined }));

  it('may grow while there are more than a hundred nodes, and is small again when half of them have gone', async () => {
    fitHeapTo(store, (flag) => void flags.push(flag));
    assert.deepEqual(flags, ['--optimize-for-size']);
    await add(0, 100);
    assert.equal(flags.length, 1);
    await add(100, 101);
    assert.deepEqual(flags.slice(1), ['--no-optimize-for-size']);
    await removeAllBut(60);
    assert.equal(flags.length, 2, 'close to the limit it does not go to and fro');
    await removeAllBut(50);
    assert.deepEqual(flags.slice(2), ['--optimize-for-size']);
  });

  it('may grow from the start on for what is stored already', async () => {
    await add(0, 200);
    fitHeapTo(store, (flag) => void flags.push(flag));
    assert.deepEqual(flags, ['--no-optimize-for-size']);
  });
});
