import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bringLoneStoreBack, isLoneStoreAside, setLoneStoreAside } from '../../../../src/daemon/cluster/lone-store.ts';

const now = new Date('2026-03-01T12:00:00Z');

describe('what a host had when it was alone', () => {
  let dataRoot: string;

  beforeEach(() => {
    dataRoot = mkdtempSync(join(tmpdir(), 'tsstack-lone-'));
    put('manager/store.db', 'lone');
    put('agent.json', 'lone');
    put('volumes/data/_data/file', 'lone');
    put('images/blob', 'shared');
  });
  afterEach(() => rmSync(dataRoot, { recursive: true }));

  function put(path: string, text: string): void {
    const whole = join(dataRoot, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, text);
  }

  const read = (path: string): string => readFileSync(join(dataRoot, path), 'utf8');

  /** As a worker lives for a while. */
  function live(): void {
    put('agent.json', 'cluster');
    put('volumes/data/_data/file', 'cluster');
  }

  it('is out of the way while it is a worker, and then in its place again; what the cluster leaves behind is kept', () => {
    setLoneStoreAside(dataRoot);
    assert.equal(existsSync(join(dataRoot, 'volumes')), false);
    assert.equal(read('images/blob'), 'shared');
    live();
    bringLoneStoreBack(dataRoot, now);
    assert.deepEqual(
      [read('manager/store.db'), read('agent.json'), read('volumes/data/_data/file')],
      ['lone', 'lone', 'lone'],
    );
    assert.equal(read(`left/${readdirSync(join(dataRoot, 'left'))[0] ?? ''}/volumes/data/_data/file`), 'cluster');
    assert.equal(isLoneStoreAside(dataRoot), false);
  });

  it('may be nothing but a store: volumes of the cluster are then still none of its own', () => {
    rmSync(join(dataRoot, 'volumes'), { recursive: true });
    setLoneStoreAside(dataRoot);
    live();
    bringLoneStoreBack(dataRoot, now);
    assert.deepEqual(readdirSync(join(dataRoot, 'volumes')), []);
  });

  it('comes back whole, whatever step of either way a crash interrupted', () => {
    for (const part of ['manager', 'agent.json']) {
      setLoneStoreAside(dataRoot);
      live();
      // Half way back.
      rmSync(join(dataRoot, part), { recursive: true, force: true });
      renameSync(join(dataRoot, 'lone', part), join(dataRoot, part));
      bringLoneStoreBack(dataRoot, now);
      assert.deepEqual(
        [read('manager/store.db'), read('agent.json'), read('volumes/data/_data/file')],
        ['lone', 'lone', 'lone'],
        part,
      );
      rmSync(join(dataRoot, 'left'), { recursive: true, force: true });
    }
    // Half way out.
    mkdirSync(join(dataRoot, 'lone'));
    renameSync(join(dataRoot, 'manager'), join(dataRoot, 'lone/manager'));
    bringLoneStoreBack(dataRoot, now);
    assert.deepEqual([read('manager/store.db'), read('volumes/data/_data/file')], ['lone', 'lone']);
  });
});
