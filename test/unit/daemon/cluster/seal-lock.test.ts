import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SealLock } from '../../../../src/daemon/cluster/seal-lock.ts';
import { loadSealKey } from '../../../../src/manager/authority/content-seal.ts';

describe('the lock on the key of a store', () => {
  let dataRoot: string;
  const path = (): string => join(dataRoot, 'manager/seal.key');

  beforeEach(() => {
    dataRoot = mkdtempSync(join(tmpdir(), 'tsstack-lock-'));
    mkdirSync(join(dataRoot, 'manager'));
  });
  afterEach(() => rmSync(dataRoot, { recursive: true }));

  it('leaves the key on the disk only together with the unlock key', () => {
    const key = loadSealKey(path());
    const unlockKey = new SealLock(dataRoot).close();
    assert.match(unlockKey, /^TSTUK-1-[0-9a-z]{50}$/);
    assert.equal(existsSync(path()), false);
    assert.equal(readFileSync(`${path()}.locked`).includes(key), false);
    assert.throws(() => loadSealKey(path()), { code: 'permission', message: /is locked/ });
    const later = new SealLock(dataRoot);
    assert.equal(later.isClosed, true);
    later.open(` ${unlockKey}\n`);
    assert.deepEqual([later.isClosed, later.key], [false, key]);
  });

  it('opens with the last unlock key alone', () => {
    loadSealKey(path());
    const lock = new SealLock(dataRoot);
    const first = lock.close();
    const second = lock.close();
    const later = new SealLock(dataRoot);
    assert.throws(() => later.open(first), {
      code: 'permission',
      message: /is not that of this manager, or was replaced/,
    });
    assert.throws(
      () => later.open('hunter2'),
      (error: Error) => /the unlock key is none/.test(error.message) && !error.message.includes('hunter2'),
    );
    assert.equal(later.isClosed, true);
    later.open(second);
    assert.equal(later.isClosed, false);
  });

  it('can be taken away, and counts for nothing beside a key in clear', () => {
    const key = loadSealKey(path());
    const lock = new SealLock(dataRoot);
    lock.close();
    lock.remove();
    assert.deepEqual([lock.isOn, loadSealKey(path())], [false, key]);
    // As after a crash between the two steps of locking.
    writeFileSync(`${path()}.locked`, 'half');
    assert.deepEqual([new SealLock(dataRoot).isClosed, loadSealKey(path())], [false, key]);
  });
});
