import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { ContentSeal, loadSealKey } from '../../src/manager/authority/content-seal.ts';
import { put } from '../../src/manager/store/change.ts';
import { SqliteStore } from '../../src/manager/store/sqlite/sqlite-store.ts';
import { stackObject } from '../fixtures/objects.ts';

describe('a store whose disk is full', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-full-'));
  before(() => void execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'small', directory]));
  after(() => {
    execFileSync('umount', [directory]);
    rmSync(directory, { recursive: true });
  });

  let store: SqliteStore;
  afterEach(() => store.close());

  it('says so, stays as it was, and goes on when there is room again', async () => {
    store = new SqliteStore(join(directory, 'store.db'), new ContentSeal(loadSealKey(join(directory, 'seal.key'))));
    const write = (name: string, bytes: number): Promise<void> =>
      store.update(() => ({
        changes: [put({ ...stackObject({ name, id: name, version: 0 }), workingDir: 'x'.repeat(bytes) })],
        result: undefined,
      }));
    await write('first', 1);
    writeFileSync(join(directory, 'filler'), Buffer.alloc(200_000));
    await assert.rejects(write('second', 2_000_000), {
      message: 'write the store: database or disk is full',
      hint: /there has to be room/,
    });
    await assert.rejects(write('third', 2_000_000), /database or disk is full/);
    assert.deepEqual(
      store.view.all('stack').map(({ name }) => name),
      ['first'],
    );
    rmSync(join(directory, 'filler'));
    await write('fourth', 1);
    assert.equal(store.view.all('stack').length, 2);
  });
});
