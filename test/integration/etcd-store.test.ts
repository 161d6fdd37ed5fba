import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ContentSeal } from '../../src/manager/authority/content-seal.ts';
import { put, remove, type Change } from '../../src/manager/store/change.ts';
import { EtcdStore } from '../../src/manager/store/etcd/etcd-store.ts';
import type { Store } from '../../src/manager/store/store.ts';
import type { PayloadObject, TaskObject } from '../../src/model/objects.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { recordCommits, untilStore } from '../support/store-events.ts';
import { describeStore, unstored } from '../unit/manager/store/store-conformance.ts';

const seal = new ContentSeal(Buffer.alloc(32, 7));

function payload(id: string): PayloadObject {
  const common = {
    id,
    version: 0,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '',
    stack: 'p',
    key: id,
    name: id,
  };
  const spec = { name: id, external: false, labels: {}, content: null, digest: 'sha256:0' };
  return { ...common, kind: 'secret', spec };
}

async function write(store: Store, ...changes: readonly Change[]): Promise<void> {
  await store.update(() => ({ changes, result: undefined }));
}

function manyTasks(count: number): readonly TaskObject[] {
  return Array.from({ length: count }, (_unused, index) => unstored(`s${index}`));
}

describe('the store in a real etcd', () => {
  let etcd: EtcdProcess;
  let prefix: string;
  const opened: EtcdStore[] = [];

  before(async () => (etcd = await EtcdProcess.start()));
  after(() => etcd.remove());
  beforeEach(() => (prefix = `test-${randomUUID()}/`));
  afterEach(() => {
    for (const store of opened.splice(0)) store.close();
  });

  async function open(): Promise<EtcdStore> {
    const store = await EtcdStore.open({ endpoints: [etcd.endpoint], tls: null, prefix, seal, candidate: null });
    opened.push(store);
    return store;
  }

  describeStore('etcd', open);

  describe('of which several managers have a copy', () => {
    it('shows each what others write, in their order', async () => {
      const [a, b] = [await open(), await open()];
      const seen = recordCommits(b);
      await write(a, put(unstored('web')), put(unstored('db')));
      const web = a.view.get('task', 'p-web-1');
      assert.ok(web !== undefined);
      await write(a, remove(web));
      await untilStore(b, (view) => view.get('task', 'p-web-1') === undefined && view.all('task').length === 1);
      assert.deepEqual(seen, [['+p-web-1', '+p-db-1'], ['-p-web-1']]);
      assert.equal(a.clusterId, b.clusterId);
    });

    it('makes a plan again that was overtaken, so that no count is lost when all write at once', async () => {
      const stores = [await open(), await open(), await open()];
      await write(stores[0] ?? assert.fail(), put(unstored('web', { desiredRun: 0 })));
      const increment = (store: Store): Promise<void> =>
        store.update((view) => {
          const task = view.get('task', 'p-web-1');
          return {
            changes: task === undefined ? [] : [put({ ...task, desiredRun: task.desiredRun + 1 })],
            result: undefined,
          };
        });
      await Promise.all(stores.map((store) => untilStore(store, (view) => view.all('task').length === 1)));
      await Promise.all(stores.flatMap((store) => Array.from({ length: 10 }, () => increment(store))));
      for (const store of stores) await untilStore(store, (view) => view.get('task', 'p-web-1')?.desiredRun === 30);
    });

    it('lets one of two take a name, though neither writes an object of the other', async () => {
      const [a, b] = [await open(), await open()];
      const claim = (store: Store, id: string): Promise<boolean> =>
        store.update((view) =>
          view.named('task', 'the-name').length > 0
            ? { changes: [], result: false }
            : { changes: [put(unstored('web', { id, containerName: 'the-name' }))], result: true },
        );
      const won = await Promise.all([claim(a, 'one'), claim(b, 'two')]);
      assert.deepEqual(won.toSorted(), [false, true]);
    });
  });

  describe('in transactions that are too large for one request', () => {
    it('writes them all or nothing, and tells of them once', async () => {
      const [a, b] = [await open(), await open()];
      const seen = recordCommits(b);
      const tasks = manyTasks(1000);
      await write(a, ...tasks.map((task) => put(task)));
      await untilStore(b, (view) => view.all('task').length > 0);
      assert.equal(b.view.all('task').length, 1000);
      assert.deepEqual(
        seen.map(({ length }) => length),
        [1000],
      );
      const stale = write(
        a,
        ...manyTasks(500).map((task) => put({ ...task, id: `${task.id}-new` })),
        put(unstored('s1')),
      );
      await assert.rejects(stale, { code: 'conflict' });
      assert.equal((await open()).view.all('task').length, 1000);
    });

    it('takes contents of a megabyte each', async () => {
      const a = await open();
      const contents = ['a', 'b', 'c', 'd'].map((id) => ({ id, content: Buffer.alloc(1_000_000, id) }));
      await write(a, ...contents.map(({ id, content }) => put(payload(id), content)));
      await write(a, put(unstored('web')));
      for (const store of [a, await open()]) {
        for (const { id, content } of contents) assert.deepEqual(store.payloadContent(id), content);
      }
    });

    it('refuses what etcd could not take, and says which object that is', async () => {
      const a = await open();
      const huge = write(a, put(payload('huge'), Buffer.alloc(2_000_000)));
      await assert.rejects(huge, { code: 'exhausted', message: /write the content of huge: \d+ bytes are more than/ });
      assert.deepEqual(a.view.all('secret'), []);
    });

    it('shows one that its writer did not put in place any more, and the next writer does', async () => {
      const a = await open();
      const b = await open();
      await write(a, ...manyTasks(300).map((task) => put(task)));
      a.close();
      const keysBefore = await etcd.keys(prefix);
      assert.ok(keysBefore.some((key) => key.includes('staged/')));
      assert.equal(keysBefore.filter((key) => key.includes('objects/')).length, 0);

      assert.equal((await open()).view.all('task').length, 300, 'a new manager');
      await untilStore(b, (view) => view.all('task').length === 300);
      const first = b.view.get('task', 'p-s0-1');
      assert.ok(first !== undefined);
      await write(b, remove(first));
      const keys = await etcd.keys(prefix);
      assert.equal(keys.filter((key) => key.includes('objects/')).length, 299);
      assert.deepEqual(
        keys.filter((key) => key.includes('staged/')),
        [],
      );
      assert.equal((await open()).view.all('task').length, 299);
    });

    it('sweeps away the parts of one whose writer died before it was committed', async () => {
      const a = await open();
      await etcd.put(`${prefix}staged/of-a-dead-manager/0`, JSON.stringify([unstored('ghost')]));
      const b = await open();
      assert.deepEqual(b.view.all('task'), []);
      await write(b, put(unstored('web')));
      await untilStore(a, (view) => view.all('task').length === 1);
      assert.deepEqual(
        (await etcd.keys(prefix)).filter((key) => key.includes('staged/')),
        [],
      );
    });
  });

  it('has no content in clear', async () => {
    const a = await open();
    await write(a, put(payload('s'), Buffer.from('a very secret content')));
    assert.equal((await etcd.dump(prefix)).includes('a very secret content'), false);
  });

  it('is refused with another key than the one that sealed its contents', async () => {
    await open();
    const other = new ContentSeal(Buffer.alloc(32, 8));
    const wrong = EtcdStore.open({ endpoints: [etcd.endpoint], tls: null, prefix, seal: other, candidate: null });
    await assert.rejects(wrong, /were sealed with another key/);
  });
});
