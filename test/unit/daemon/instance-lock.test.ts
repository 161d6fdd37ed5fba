import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { InstanceLock } from '../../../src/daemon/instance-lock.ts';

describe('the lock of a data root', () => {
  let directory: string;

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'tsstack-lock-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is one daemon’s, and says to others where that serves', async () => {
    const lock = await InstanceLock.acquire(directory, 'unix:///run/a.sock');
    await assert.rejects(InstanceLock.acquire(directory, 'unix:///run/a.sock'), { code: 'exists' });
    await assert.rejects(InstanceLock.acquire(directory, 'unix:///run/b.sock'), {
      code: 'conflict',
      message: `another daemon uses the data root ${directory}, and serves at unix:///run/a.sock`,
      hint: /--host unix:\/\/\/run\/a\.sock/,
    });
    lock.release();
    (await InstanceLock.acquire(directory, 'unix:///run/b.sock')).release();
  });

  /** What a daemon leaves that was killed. */
  function leaveStale(): void {
    const path = JSON.stringify(join(directory, 'lock.sock'));
    const script = `require('node:net').createServer().listen(${path}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
  }

  it('goes to one of those who start at once when its daemon was killed', async () => {
    leaveStale();
    const all = Array.from({ length: 10 }, () => InstanceLock.acquire(directory, 'unix:///run/a.sock'));
    const outcomes = await Promise.allSettled(all);
    const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
    );
    assert.deepEqual([locks.length, new Set(codes)], [1, new Set(['exists'])]);
    assert.deepEqual(readdirSync(directory), ['lock.sock']);
    locks[0]?.release();
  });

  it('is free when its daemon was killed', async () => {
    leaveStale();
    (await InstanceLock.acquire(directory, 'unix:///run/a.sock')).release();
  });
});
