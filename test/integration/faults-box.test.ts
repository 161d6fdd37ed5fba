import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { BoxFaults } from '../support/box-faults.ts';
import { findRemains } from '../support/fault-lab.ts';
import type { FaultOutcome } from '../support/fault-lab.ts';
import { eventually } from '../support/shim-lab.ts';

describe('tsstack-box: a call fails', () => {
  let faults: BoxFaults;
  before(() => {
    faults = new BoxFaults();
  });
  after(() => faults.lab.dispose());

  it('create fails with a reason and leaves nothing, or has made a container', () =>
    faults.failEachCall(faults.create));

  it('start fails with a reason, or the program runs; the container can be deleted', async () => {
    await faults.failEachCall(faults.start, 5);
    await faults.failEachCall(faults.startWithHook);
  });

  it('delete fails with a reason, and deletes when it is asked again', () => faults.failEachCall(faults.remove));

  it('exec fails with a reason and leaves no process, or the program has run', async () => {
    const id = faults.lab.newId();
    await faults.remove.prepare(id);
    await faults.failEachCall({
      prepare: () => Promise.resolve(),
      command: (marker) => ['exec', id, 'echo', marker],
      check: (marker, _failed, summary) =>
        eventually(`${summary}: nothing left of ${marker}`, () => findRemains(marker).length === 0),
    });
    await faults.deleteForGood(id, 'after all');
  });

  it('does all as always while every other call is interrupted by a signal', async () => {
    const id = faults.lab.newId();
    const steps = [faults.create.command(id), ['start', id], ['exec', id, 'true'], ['pause', id], ['resume', id]];
    for (const args of [...steps, ['delete', '--force', id]]) {
      const { code, stderr, summary, faults: interrupted } = await faults.box(args, { kind: 'interrupt' });
      assert.deepEqual([code, stderr], [0, ''], summary);
      assert.ok(interrupted.length > 0);
    }
    await faults.assertNothingLeft(id, 'interrupted');
  });

  it('does all as always when the container’s process is quicker than the one that announces it', async () => {
    const bundle = faults.lab.bundle('exec sleep 1000', (spec) => {
      spec.linux.namespaces.push({ type: 'user' });
      const map = [{ containerID: 0, hostID: 300_000, size: 65_536 }];
      spec.linux['uidMappings'] = spec.linux['gidMappings'] = map;
      // Then both sides talk before it is there.
      spec['hooks'] = { createRuntime: [{ path: '/bin/true' }] };
    });
    const id = faults.lab.newId();
    const created = await faults.box(['create', '--bundle', bundle, id], { kind: 'hold', which: 'sendmsg' });
    assert.deepEqual([created.code, created.stderr], [0, ''], created.summary);
    assert.match(created.summary, /sendmsg held in/);
    await faults.deleteForGood(id, created.summary);
  });

  it('fails with a reason on a full disk, and does all again when there is room', async () => {
    const root = join(faults.lab.directory, 'small');
    const run = (...args: readonly string[]): Promise<FaultOutcome> =>
      faults.injector.run({ kind: 'none' }, 'box', ['--root', root, ...args]);
    mkdirSync(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=100', 'tmpfs', root]);
    try {
      const id = faults.lab.newId();
      writeFileSync(join(root, 'filler'), Buffer.alloc(64 * 1024));
      const { code, stderr } = await run(...faults.create.command(id));
      assert.equal(code, 1);
      assert.match(stderr, /config\.json: No space left on device/);
      await faults.assertNothingLeft(id, 'full');
      assert.deepEqual(readdirSync(root), ['filler']);
      rmSync(join(root, 'filler'));
      assert.equal((await run(...faults.create.command(id))).code, 0);
      assert.equal((await run('delete', '--force', id)).code, 0);
      await faults.assertNothingLeft(id, 'room again');
      assert.deepEqual(readdirSync(root), []);
    } finally {
      execFileSync('umount', [root]);
    }
  });
});
