import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ContentSeal, loadSealKey } from '../../../../src/manager/authority/content-seal.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { put, remove } from '../../../../src/manager/store/change.ts';
import type { Durability } from '../../../../src/manager/store/store.ts';
import { taskObject } from '../../../fixtures/objects.ts';
import { serviceSpec } from '../../../fixtures/specs.ts';
import { describeStore, unstored } from './store-conformance.ts';

let directory: string;
const path = (): string => join(directory, 'store.db');
const seal = (): ContentSeal => new ContentSeal(loadSealKey(join(directory, 'seal.key')));
const open = (): SqliteStore => new SqliteStore(path(), seal());

describe('on disk', () => {
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'tsstack-store-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  describeStore('sqlite', open);

  describe('a store file', describeStoreFile);
});

function describeStoreFile(): void {
  it('that is no database is refused', () => {
    writeFileSync(path(), 'x'.repeat(4096));
    assert.throws(open, /open store .*store\.db: file is not a database/);
  });

  it('of another program is refused and left as it is', () => {
    const other = new DatabaseSync(path());
    other.exec('CREATE TABLE t (x)');
    other.close();
    assert.throws(open, /is a database of another program/);
    const again = new DatabaseSync(path());
    assert.deepEqual(
      again
        .prepare('SELECT name FROM sqlite_schema')
        .all()
        .map((row) => row['name']),
      ['t'],
    );
    again.close();
  });

  it('of a newer version is refused', () => {
    open().close();
    const newer = new DatabaseSync(path());
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    assert.throws(open, /has format 99, this version knows 2/);
  });

  it('counts what may be lost with the next commit that cannot, and after a start', async () => {
    const store = open();
    const write = (name: string, durability: Durability): Promise<void> =>
      store.update(() => ({ changes: [put(taskObject(name, { version: 0 }))], result: undefined }), durability);
    const first = store.revision;
    await write('a', 'later');
    assert.deepEqual([store.revision - first, store.view.all('task').length], [0, 1]);
    await write('b', 'now');
    assert.equal(store.revision - first, 2);
    await write('c', 'later');
    store.close();
    const again = open();
    assert.deepEqual([again.revision - first, again.view.all('task').length], [3, 3]);
    again.close();
  });

  it('of the first format is taken over as it is', async () => {
    const web = taskObject('web', { version: 0 });
    const first = open();
    await first.update(() => ({ changes: [put(web)], result: undefined }));
    const stored = first.view.get('task', web.id);
    first.close();
    const older = new DatabaseSync(path());
    older.exec(`
      DROP TABLE objects;
      DROP TABLE specs;
      CREATE TABLE objects (kind TEXT, id TEXT, version INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
      PRAGMA user_version = 1;`);
    older.prepare('INSERT INTO objects VALUES (?, ?, ?, ?)').run('task', web.id, 1, JSON.stringify(stored));
    older.close();
    const again = open();
    assert.deepEqual(again.view.get('task', web.id), stored);
    again.close();
  });

  it('has a spec once for all tasks that share it, and for as long as there are any', async () => {
    const spec = serviceSpec('web');
    const tasks = [1, 2].map((slot) => taskObject('web', { slot, spec, version: 0 }));
    const count = (): unknown => {
      const database = new DatabaseSync(path(), { readOnly: true });
      const row = database.prepare('SELECT count(*) AS n FROM specs').get();
      database.close();
      return row?.['n'];
    };
    const first = open();
    await first.update(() => ({ changes: tasks.map((task) => put(task)), result: undefined }));
    first.close();
    assert.equal(count(), 1);
    const second = open();
    const [a, b] = second.view.all('task');
    assert.deepEqual(a?.spec, spec);
    assert.equal(a?.spec, b?.spec, 'they share it in memory, too');
    await second.update((view) => ({ changes: view.all('task').map(remove), result: undefined }));
    second.close();
    open().close();
    assert.equal(count(), 0);
  });

  it('with a damaged document is refused', () => {
    open().close();
    const damaged = new DatabaseSync(path());
    damaged.exec(`INSERT INTO objects VALUES ('task', 'x', 1, '{"kind":')`);
    damaged.close();
    assert.throws(open, /read store .*: it is damaged/);
  });

  it('is opened by one manager at a time', () => {
    const first = open();
    assert.throws(open, /another manager has it open/);
    first.close();
    open().close();
  });

  it('is refused when its key file was lost', () => {
    open().close();
    rmSync(join(directory, 'seal.key'));
    assert.throws(open, /were sealed with another key/);
  });

  it('has a key that only its owner can read, and holds no content in clear', async () => {
    const store = open();
    const content = Buffer.from('a very secret content');
    const secret = {
      id: 's',
      version: 0,
      createdAt: '',
      updatedAt: '',
      kind: 'secret',
      stack: 'p',
      key: 'k',
      name: 'k',
    } as const;
    const spec = { name: 'k', external: false, labels: {}, content: null, digest: seal().digest(content) };
    await store.update(() => ({ changes: [put({ ...secret, spec }, content)], result: undefined }));
    assert.equal(statSync(join(directory, 'seal.key')).mode & 0o777, 0o600);
    for (const file of readdirSync(directory))
      assert.equal(readFileSync(join(directory, file)).includes(content), false, file);
    store.close();
  });

  it('keeps what was committed when the process is killed the moment after', () => {
    const script = `
      const { SqliteStore } = await import(${JSON.stringify(new URL('../../../../src/manager/store/sqlite/sqlite-store.ts', import.meta.url).href)});
      const { ContentSeal, loadSealKey } = await import(${JSON.stringify(new URL('../../../../src/manager/authority/content-seal.ts', import.meta.url).href)});
      const store = new SqliteStore(${JSON.stringify(path())}, new ContentSeal(loadSealKey(${JSON.stringify(join(directory, 'seal.key'))})));
      const object = ${JSON.stringify(unstored('web'))};
      await store.update(() => ({ changes: [{ type: 'put', object }], result: undefined }));
      process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(signal, 'SIGKILL');
    const store = open();
    assert.equal(store.view.get('task', 'p-web-1')?.version, 1);
    store.close();
  });
}
