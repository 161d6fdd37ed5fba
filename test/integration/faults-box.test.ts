import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import { FaultInjector, findRemains } from '../support/fault-lab.ts';
import type { Fault } from '../support/fault-lab.ts';
import { eventually } from '../support/shim-lab.ts';

/** Enough of an operation that all of it is tried. */
const fewestCalls = 20;

/** One operation of the box that is made to fail, on a container that is new each time. */
interface Operation {
  /** Brings the container to where the operation begins, undisturbed. */
  readonly prepare: (id: string) => Promise<void>;
  readonly command: (id: string) => readonly string[];
  /** Looks at what has become of the container; `failed` is what the operation has said. */
  readonly check: (id: string, failed: boolean, summary: string) => Promise<void>;
}

describe('tsstack-box: something fails', function () {
  this.timeout(120_000);
  let lab: BoxLab;
  let injector: FaultInjector;
  let bundle: string;

  before(() => {
    lab = new BoxLab();
    injector = new FaultInjector(lab.directory);
    bundle = lab.bundle('echo ready; exec sleep 1000', (spec) => {
      spec.linux['seccomp'] = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] };
      spec.linux.resources = { pids: { limit: 50 }, memory: { limit: 100_000_000 } };
    });
  });
  after(() => lab.dispose());

  const box = (args: readonly string[], fault: Fault = { kind: 'none' }): ReturnType<FaultInjector['run']> =>
    injector.run(fault, 'box', ['--root', join(lab.directory, 'root'), ...args]);

  const quietly = (...args: readonly string[]): Promise<void> => lab.quiet(...args);

  /** Nothing of a container is there: no record, cgroup, mount or process. Killed processes may need a moment. */
  async function assertNothingLeft(id: string, summary: string): Promise<void> {
    assert.ok(!lab.leftRecords().includes(id), summary);
    await eventually(`${summary}: nothing left of ${id}`, () => findRemains(id).length === 0);
  }

  async function deleteForGood(id: string, summary: string): Promise<void> {
    assert.equal((await lab.box('delete', '--force', id)).stderr, '', summary);
    await assertNothingLeft(id, summary);
  }

  const create: Operation = {
    prepare: () => Promise.resolve(),
    command: (id) => ['create', '--bundle', bundle, id],
    check: (id, failed, summary) => (failed ? assertNothingLeft(id, summary) : deleteForGood(id, summary)),
  };
  const start: Operation = {
    prepare: (id) => quietly('create', '--bundle', bundle, id),
    command: (id) => ['start', id],
    check: async (id, failed, summary) => {
      const { status } = JSON.parse((await lab.box('state', id)).stdout) as { status: string };
      if (!failed) assert.equal(status, 'running', summary);
      await deleteForGood(id, summary);
    },
  };
  const remove: Operation = {
    prepare: async (id) => {
      await quietly('create', '--bundle', bundle, id);
      await quietly('start', id);
    },
    command: (id) => ['delete', '--force', id],
    check: (id, failed, summary) => (failed ? deleteForGood(id, summary) : assertNothingLeft(id, summary)),
  };

  async function tryFault(fault: Fault, operation: Operation): Promise<readonly string[]> {
    const id = lab.newId();
    await operation.prepare(id);
    const { code, stderr, faults, summary } = await box(operation.command(id), fault);
    assert.ok(code < 128, summary); // died of a signal
    // The first word is the program's: the box, or what it has executed.
    if (code !== 0) assert.match(stderr, /^[a-z-]+: .*\w{3}.*\n$/m, summary);
    await operation.check(id, code !== 0, summary);
    return faults;
  }

  async function failEachCall(operation: Operation): Promise<void> {
    const all = await tryFault({ kind: 'none' }, operation);
    assert.ok(all.length > fewestCalls, `only ${all.join()}`);
    for (let which = 1; which <= all.length; which += 1) await tryFault({ kind: 'call', which }, operation);
  }

  /** Goes on until there are no more requests for memory that could fail. */
  async function refuseMemory(operation: Operation, step: number, andAllAfter: boolean): Promise<void> {
    for (let which = 1; ; which += step) {
      const { length } = await tryFault({ kind: 'memory', which, andAllAfter }, operation);
      if (length > 0) continue;
      assert.ok(which > fewestCalls, `only ${which}`);
      return;
    }
  }

  it('create fails with a reason and leaves nothing, or has made a container, whatever call fails', () =>
    failEachCall(create));

  it('start fails with a reason, or the program runs; the container can be deleted', () => failEachCall(start));

  it('delete fails with a reason, and deletes when it is asked again', () => failEachCall(remove));

  it('exec fails with a reason and leaves no process, or the program has run', async () => {
    const id = lab.newId();
    await remove.prepare(id);
    await failEachCall({
      prepare: () => Promise.resolve(),
      command: (marker) => ['exec', id, 'echo', marker],
      check: (marker, _failed, summary) =>
        eventually(`${summary}: nothing left of ${marker}`, () => findRemains(marker).length === 0),
    });
    await deleteForGood(id, 'after all');
  });

  it('create fails with a reason and leaves nothing when it gets no memory once', () => refuseMemory(create, 1, false));
  it('create fails with a reason and leaves nothing when memory runs out', () => refuseMemory(create, 5, true));
  it('delete fails with a reason, and deletes when it is asked again, when memory runs out', () =>
    refuseMemory(remove, 5, true));

  it('does all as always while every other call is interrupted by a signal', async () => {
    const id = lab.newId();
    const steps = [create.command(id), ['start', id], ['exec', id, 'true'], ['pause', id], ['resume', id]];
    for (const args of [...steps, ['delete', '--force', id]]) {
      const { code, stderr, summary, faults } = await box(args, { kind: 'interrupt' });
      assert.deepEqual([code, stderr], [0, ''], summary);
      assert.ok(faults.length > 0);
    }
    await assertNothingLeft(id, 'interrupted');
  });

  it('fails with a reason on a full disk, and does all again when there is room', async () => {
    const root = join(lab.directory, 'small');
    const run = (...args: readonly string[]): ReturnType<FaultInjector['run']> =>
      injector.run({ kind: 'none' }, 'box', ['--root', root, ...args]);
    mkdirSync(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=100', 'tmpfs', root]);
    try {
      const id = lab.newId();
      writeFileSync(join(root, 'filler'), Buffer.alloc(64 * 1024));
      const { code, stderr } = await run(...create.command(id));
      assert.equal(code, 1);
      assert.match(stderr, /config\.json: No space left on device/);
      await assertNothingLeft(id, 'full');
      assert.deepEqual(readdirSync(root), ['filler']);
      rmSync(join(root, 'filler'));
      assert.equal((await run(...create.command(id))).code, 0);
      assert.equal((await run('delete', '--force', id)).code, 0);
      await assertNothingLeft(id, 'room again');
      assert.deepEqual(readdirSync(root), []);
    } finally {
      execFileSync('umount', [root]);
    }
  });
});
