import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentSeal } from '../../src/manager/authority/content-seal.ts';
import { put } from '../../src/manager/store/change.ts';
import { EtcdStore } from '../../src/manager/store/etcd/etcd-store.ts';
import { migrateStore } from '../../src/manager/store/migrate-store.ts';
import { SqliteStore } from '../../src/manager/store/sqlite/sqlite-store.ts';
import { parseStoreUrl, type StoreSetting } from '../../src/manager/store/store-setting.ts';
import type { Store } from '../../src/manager/store/store.ts';
import type { ModelObject, PayloadObject } from '../../src/model/objects.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { unstored } from '../unit/manager/store/store-conformance.ts';

const seal = new ContentSeal(Buffer.alloc(32, 7));
const sqlite: StoreSetting = { type: 'sqlite' };

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

/** Everything that a store holds but for what each write changes. */
function contentsOf(store: Store): unknown {
  const objects = store.view.everything().map((object): ModelObject => ({ ...object, version: 0, updatedAt: '' }));
  const content = store.payloadContent('s1')?.toString();
  return { clusterId: store.clusterId, epoch: store.epoch, objects: objects.toSorted(byId), content };
}

const byId = (a: ModelObject, b: ModelObject): number => (a.id < b.id ? -1 : 1);

describe('a store that moves', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-move-'));
  const path = join(directory, 'store.db');
  let etcd: EtcdProcess;
  let setting: StoreSetting & { type: 'etcd' };

  before(async () => (etcd = await EtcdProcess.start()));
  after(async () => {
    await etcd.remove();
    rmSync(directory, { recursive: true });
  });
  beforeEach(async () => {
    await etcd.control('del', '--prefix', '');
    setting = parseStoreUrl(`etcd://${etcd.endpoint}`, null) as StoreSetting & { type: 'etcd' };
    for (const name of ['store.db', 'store.db.moved', 'store.db.new']) rmSync(join(directory, name), { force: true });
  });

  const openEtcd = (candidate: { name: string; address: string } | null = null): Promise<EtcdStore> =>
    EtcdStore.open({ ...setting, seal, candidate });

  /** Fills the embedded store with more than one request of etcd takes; returns what is in it. */
  async function fill(): Promise<unknown> {
    const store = new SqliteStore(path, seal);
    const tasks = Array.from({ length: 300 }, (_unused, index) => put(unstored(`s${index}`)));
    await store.update(() => ({ changes: [...tasks, put(secret, Buffer.from('hunter2'))], result: undefined }));
    const contents = contentsOf(store);
    store.close();
    return contents;
  }

  async function move(from: StoreSetting, to: StoreSetting): Promise<boolean> {
    let isCopied = false;
    const onCopied = (): void => void (isCopied = true);
    await migrateStore({ directory, from, to, seal, onCopied });
    return isCopied;
  }

  it('is the same in etcd, and again in sqlite, with its contents, its cluster and its epoch', async () => {
    const before = await fill();
    assert.equal(await move(sqlite, setting), true);
    assert.deepEqual([existsSync(path), existsSync(`${path}.moved`)], [false, true]);
    const there = await openEtcd();
    assert.deepEqual(contentsOf(there), before);
    there.close();
    await move(setting, sqlite);
    const back = new SqliteStore(path, seal);
    assert.deepEqual(contentsOf(back), before);
    back.close();
    await assert.rejects(openEtcd(), /was moved away from this etcd/);
  });

  it('comes back to an etcd that it had left', async () => {
    await fill();
    await move(sqlite, setting);
    await move(setting, sqlite);
    const store = new SqliteStore(path, seal);
    await store.update((view) => ({
      changes: view.named('task', 'p-s1-1').map((task) => ({ type: 'delete', object: task }) as const),
      result: undefined,
    }));
    const before = contentsOf(store);
    store.close();
    await move(sqlite, setting);
    const there = await openEtcd();
    assert.deepEqual(contentsOf(there), before);
    there.close();
  });

  it('stays where it is when another manager uses the etcd', async () => {
    await fill();
    await move(sqlite, setting);
    const other = await openEtcd({ name: 'other', address: 'h:2377' });
    const leads = Promise.withResolvers<void>();
    other.leadership?.subscribe(() => leads.resolve());
    if (other.leadership?.isLeader !== true) await leads.promise;
    await assert.rejects(move(setting, sqlite), /the manager other uses it, too/);
    assert.equal(existsSync(path), false);
    await other.leadership?.resign();
    other.close();
  });

  it('stays where it is when the etcd holds another cluster, or does not answer', async () => {
    const another = await openEtcd();
    another.close();
    const before = await fill();
    await assert.rejects(move(sqlite, setting), /holds another cluster/);
    const nowhere = parseStoreUrl('etcd://127.0.0.1:1', null);
    await assert.rejects(move(sqlite, nowhere), /127\.0\.0\.1:1: nobody answers/);
    const store = new SqliteStore(path, seal);
    assert.deepEqual(contentsOf(store), before);
    store.close();
  });
});

describe('the address of a store', () => {
  it('is sqlite, or one or several members of etcd', () => {
    assert.deepEqual(parseStoreUrl('sqlite', null), { type: 'sqlite' });
    const members = { endpoints: ['10.0.0.1:2379', 'etcd.lan:3000', '[fd00::1]:2379'], tls: null };
    const parsed = parseStoreUrl('etcd://10.0.0.1,etcd.lan:3000,[fd00::1]', null);
    assert.deepEqual(parsed, { type: 'etcd', prefix: 'tsstack/', ...members });
    assert.equal((parseStoreUrl('etcd://h/other', null) as { prefix: string }).prefix, 'other/');
    for (const wrong of ['etcd://', 'etcd://a b', 'etcd://a:b', 'redis://h', 'etcd://h:1:2', ''])
      assert.throws(() => parseStoreUrl(wrong, null), { code: 'invalid' }, wrong);
  });
});
