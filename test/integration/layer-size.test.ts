import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { nativeProgram } from '../support/native-build.ts';

const run = promisify(execFile);

describe('tsstack-layer: size, sync and limit', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-layer-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const layer = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await run(nativeProgram('layer'), args)).stdout);

  it('counts entries and what they take on the disk, files with several names once', async () => {
    const tree = join(directory, 'tree');
    mkdirSync(join(tree, 'deep/er'), { recursive: true });
    writeFileSync(join(tree, 'deep/file'), Buffer.alloc(1024 * 1024, 'x'));
    const alone = (await layer('size', tree)) as { bytes: number; entries: number };
    assert.ok(alone.bytes >= 1024 * 1024 && alone.bytes < 1200 * 1024, String(alone.bytes));
    assert.equal(alone.entries, 3);
    linkSync(join(tree, 'deep/file'), join(tree, 'deep/er/again'));
    symlinkSync('/etc', join(tree, 'link'));
    assert.deepEqual(await layer('size', tree), { bytes: alone.bytes, entries: 5 });
    assert.deepEqual(await layer('size', tree, tree), { bytes: 2 * alone.bytes, entries: 10 });
  });

  it('says why it cannot limit a tree, and what a limit has to be', async () => {
    const limit = (bytes: string, ...trees: string[]): Promise<unknown> =>
      layer('limit', '--lock', directory, '--bytes', bytes, '--', ...trees);
    await assert.rejects(limit('1000', '/proc/self/'), { code: 1, stdout: /needs project quotas of its file system/ });
    await assert.rejects(limit('1000', join(directory, 'none')), { code: 1, stdout: /"code":"not-found"/ });
    for (const bytes of ['some', '', '-1', ' 1', '0x1', '1.5', '9223372036854775808', '99999999999999999999']) {
      await assert.rejects(
        limit(bytes, directory),
        { code: 1, stdout: /"--bytes: .* is no whole number up to/ },
        bytes,
      );
    }
    await assert.rejects(layer('limit', directory), { code: 1, stdout: /needs the options lock,bytes/ });
  });

  it('says which tree it cannot measure or sync', async () => {
    const failing = { code: 1, stdout: /"path":"\/missing/ };
    await assert.rejects(layer('size', '/missing'), failing);
    await assert.rejects(layer('sync', directory, '/missing'), failing);
    assert.deepEqual(await layer('sync', directory), {});
  });
});
