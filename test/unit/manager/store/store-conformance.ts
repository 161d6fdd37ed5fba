/** What every backend of the store has to do. */
import assert from 'node:assert/strict';
import { put, remove, type ObjectChange } from '../../../../src/manager/store/change.ts';
import type { Store } from '../../../../src/manager/store/store.ts';
import type { PayloadObject, TaskObject } from '../../../../src/model/objects.ts';
import { taskObject } from '../../../fixtures/objects.ts';

/** A new task, not stored yet. */
export function unstored(service: string, overrides: Partial<TaskObject> = {}): TaskObject {
  return taskObject(service, { version: 0, ...overrides });
}

const secret: PayloadObject = {
  id: 's1',
  version: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '',
  kind: 'secret',
  stack: 'p',
  key: 'key',
  name: 'p_key',
  spec: { name: 'p_key', external: false, labels: {}, content: null, digest: 'sha256:0' },
};

/** `open` opens the same store each time it is called; `reopen` is what a restart does. */
export function describeStore(name: string, open: () => Store | Promise<Store>): void {
  describe(`the ${name} store`, () => {
    let store: Store;
    const write = (...changes: Parameters<typeof writeTo>[1]): Promise<void> => writeTo(store, changes);
    const reopen = async (): Promise<void> => {
      store.close();
      store = await open();
    };

    beforeEach(async () => (store = await open()));
    afterEach(() => store.close());

    it('keeps objects, their versions, its cluster and its epoch over a restart', async () => {
      await write(put(unstored('web')));
      const before = store.view.get('task', 'p-web-1');
      const { clusterId, epoch } = store;
      await reopen();
      assert.deepEqual(store.view.get('task', 'p-web-1'), before);
      assert.equal(before?.version, 1);
      assert.deepEqual([store.clusterId, store.epoch], [clusterId, epoch]);
    });

    it('writes all or nothing', async () => {
      await write(put(unstored('web')));
      const stale = unstored('web');
      await assert.rejects(write(put(unstored('db')), put(stale)), { code: 'conflict', retryable: true });
      assert.equal(store.view.get('task', 'p-db-1'), undefined);
      await reopen();
      assert.deepEqual(
        store.view.all('task').map(({ id }) => id),
        ['p-web-1'],
      );
    });

    it('takes a write only from the latest version, also of a deleted object', async () => {
      await write(put(unstored('web')));
      const first = store.view.get('task', 'p-web-1');
      assert.ok(first !== undefined);
      await write(put({ ...first, desired: 'stopped' }));
      await assert.rejects(write(put({ ...first, desired: 'remove' })), { code: 'conflict' });
      await assert.rejects(write(remove(first)), { code: 'conflict' });
      const second = store.view.get('task', 'p-web-1');
      assert.ok(second !== undefined);
      await write(remove(second));
      await assert.rejects(write(put(second)), { code: 'conflict' });
      assert.deepEqual(store.view.all('task'), []);
    });

    it('finds objects by stack, name and node, as these change', async () => {
      await write(put(unstored('web', { nodeId: null })), put(unstored('db', { stack: 'q' })));
      assert.deepEqual(
        store.view.ofStack('task', 'p').map(({ id }) => id),
        ['p-web-1'],
      );
      assert.deepEqual(
        store.view.named('task', 'p-db-1').map(({ id }) => id),
        ['p-db-1'],
      );
      assert.deepEqual(
        store.view.tasksOfNode('n1').map(({ id }) => id),
        ['p-db-1'],
      );
      const web = store.view.get('task', 'p-web-1');
      assert.ok(web !== undefined);
      await write(put({ ...web, nodeId: 'n1', containerName: 'renamed' }));
      assert.deepEqual(
        store.view.tasksOfNode('n1').map(({ id }) => id),
        ['p-db-1', 'p-web-1'],
      );
      assert.deepEqual(store.view.named('task', 'p-web-1'), []);
      assert.deepEqual(
        store.view.named('task', 'renamed').map(({ id }) => id),
        ['p-web-1'],
      );
    });

    it('tells subscribers of each commit once, in order, and not after they left', async () => {
      const seen: (readonly ObjectChange[])[] = [];
      const unsubscribe = store.subscribe(({ changes }) => seen.push(changes));
      await write(put(unstored('web')), put(unstored('db')));
      const web = store.view.get('task', 'p-web-1');
      assert.ok(web !== undefined);
      await write(remove(web));
      unsubscribe();
      await write(put(unstored('api')));
      assert.deepEqual(
        seen.map((changes) => changes.map(({ before, after }) => [before?.id, after?.id])),
        [
          [
            [undefined, 'p-web-1'],
            [undefined, 'p-db-1'],
          ],
          [['p-web-1', undefined]],
        ],
      );
    });

    it('writes nothing and tells nobody for an empty plan, nor for one that throws', async () => {
      let commits = 0;
      store.subscribe(() => commits++);
      await write();
      const failing = store.update(() => {
        throw new RangeError('no');
      });
      await assert.rejects(failing, RangeError);
      assert.equal(commits, 0);
    });

    it('keeps contents apart from documents and deletes them with their object', async () => {
      await write(put(secret, Buffer.from('hunter2')));
      await reopen();
      assert.equal(store.payloadContent('s1')?.toString(), 'hunter2');
      const stored = store.view.get('secret', 's1');
      assert.ok(stored !== undefined);
      assert.equal(stored.spec.content, null);
      await write(put({ ...stored, key: 'other' }));
      assert.equal(store.payloadContent('s1')?.toString(), 'hunter2');
      const changed = store.view.get('secret', 's1');
      assert.ok(changed !== undefined);
      await write(remove(changed));
      assert.equal(store.payloadContent('s1'), undefined);
    });
  });
}

async function writeTo(store: Store, changes: readonly ReturnType<typeof put>[]): Promise<void> {
  await store.update(() => ({ changes, result: undefined }));
}
