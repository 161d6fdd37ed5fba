import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';

const root = join(import.meta.dirname, '../..');

describe('on a host with cgroup v2 and the stock kernel of Debian', function () {
  // The machine is emulated in software: 10 to 20 times slower than this one.
  this.timeout(1_300_000);

  /** What the machine says; its exit status has to be 0. */
  function runInMachine(script: string, ...args: readonly string[]): string {
    const command = ['bash', join(root, 'test/vm', script), root, ...args];
    const { status, stdout, stderr } = spawnSync(
      join(root, 'test/vm/vm-run'),
      ['--memory', '3072', '--timeout', '1200', '--', ...command],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    return stdout;
  }

  it('brings a stack up, limits, confines by AppArmor, publishes, re-adopts and takes it down without a trace', async () => {
    const { dockerArchive } = await busyboxImage();
    assert.match(runInMachine('stack-on-v2.sh', dockerArchive), /everything held/);
  });

  it('limits what containers write on file systems with project quotas', async () => {
    const { dockerArchive } = await busyboxImage();
    assert.match(runInMachine('storage-quota.sh', dockerArchive), /xfs held\n[^]*ext4 held\n[^]*everything held/);
  });

  it('has the containers of other runtimes, crun among them, in the hands of the shim; limits and ends containers; and encrypts what goes between hosts', () => {
    // All need a kernel that this machine's may not be, and a machine takes its time to start.
    const tests = [
      'test/integration/box-resources.test.ts',
      'test/integration/shim-runtime.test.ts',
      'test/vm/encrypted-networks.test.ts',
      'test/vm/wireguard-tunnels.test.ts',
      'test/vm/wireguard-networks.test.ts',
    ];
    const output = runInMachine('tests-on-ext4.sh', ...tests);
    assert.match(output, /a killed container whose time is up/);
    assert.match(output, /containers of crun/);
    assert.match(output, /networks between hosts that are encrypted/);
    assert.match(output, /hosts with WireGuard/);
    assert.match(output, /hosts of which not all have WireGuard/);
    assert.equal(Array.from(output.matchAll(/\d+ passing/g)).length, tests.length);
    assert.doesNotMatch(output, /\d+ (failing|pending)/);
  });
});
