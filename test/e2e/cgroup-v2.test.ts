import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';

const root = join(import.meta.dirname, '../..');

describe('on a host with cgroup v2 and the stock kernel of Debian', function () {
  // The machine is emulated in software: 10 to 20 times slower than this one.
  this.timeout(900_000);

  it('brings a stack up, limits, publishes, re-adopts and takes it down without a trace', async () => {
    const { dockerArchive } = await busyboxImage();
    const command = ['bash', join(root, 'test/vm/stack-on-v2.sh'), root, dockerArchive];
    const { status, stdout, stderr } = spawnSync(
      join(root, 'test/vm/vm-run'),
      ['--memory', '3072', '--timeout', '800', '--', ...command],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /everything held/);
  });
});
