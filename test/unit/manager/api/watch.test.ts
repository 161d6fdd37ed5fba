import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { listObjects, watchObjects } from '../../../../src/manager/api/watch.ts';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { put } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { ObjectView } from '../../../../src/cli/tasks/object-view.ts';
import type { WatchResponse } from '../../../../src/rpc/messages.ts';
import { taskObject } from '../../../fixtures/objects.ts';

describe('a watch', () => {
  it('tells of a change that is too large for one message in several, of which the last one completes it', async () => {
    const store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    const over = new AbortController();
    const watch = watchObjects(store, { stack: 'p', kinds: ['task'] }, over.signal);
    const view = new ObjectView();
    const take = async (): Promise<WatchResponse> => {
      const { value } = await watch.next();
      const response = value as WatchResponse;
      view.apply(response);
      return response;
    };
    await take();
    assert.deepEqual([view.isComplete, view.tasks.length], [true, 0]);
    const tasks = Array.from({ length: 1200 }, (_, number) => taskObject('web', { id: `t${number}`, version: 0 }));
    await store.update(() => ({ changes: tasks.map((task) => put(task)), result: undefined }));
    const told: (readonly [number, boolean])[] = [];
    do told.push([(await take()).objects.length, view.isComplete]);
    while (!view.isComplete);
    assert.deepEqual(told, [
      [500, false],
      [500, false],
      [200, true],
    ]);
    assert.equal(view.tasks.length, 1200);
    assert.equal(listObjects(store.view, { stack: 'p', kinds: ['task'] }).length, 1200);
    const big = taskObject('web', { id: 'big', version: 0, containerName: 'x'.repeat(5_000_000) });
    await store.update(() => ({ changes: [put(big)], result: undefined }));
    assert.throws(() => listObjects(store.view, { stack: 'p', kinds: ['task'] }), { code: 'exhausted' });
    over.abort();
    await watch.return(undefined);
    store.close();
  });
});
