import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemberProcess } from '../../../../src/daemon/etcd/member-process.ts';

describe('the process of a member of etcd', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-member-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const start = (): Promise<MemberProcess> => MemberProcess.start('/bin/sleep', ['1000'], { directory, terms: 't' });

  it('is found by what is written down of it until it ends', async () => {
    const started = await start();
    assert.equal(MemberProcess.find(directory)?.terms, 't');
    assert.equal(processesIn(directory).length, 1);
    await started.destroy();
    assert.equal(MemberProcess.find(directory), null);
  });

  it('ends when it cannot be written down: nobody would find it', async () => {
    mkdirSync(join(directory, 'process.json'));
    await assert.rejects(start(), { code: 'EISDIR' });
    assert.deepEqual(processesIn(directory), []);
  });
});

/** Ids of the processes that work there. */
function processesIn(directory: string): readonly string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && linkOf(`/proc/${name}/cwd`) === directory);
}

/** Null for a process that is gone by now. */
function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
