import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BoxLab } from './box-lab.ts';
import { FaultInjector, findRemains } from './fault-lab.ts';
import type { Fault, FaultOutcome } from './fault-lab.ts';
import { eventually } from './shim-lab.ts';

/** Enough of an operation that all of it is tried. */
const fewestCalls = 15;

/** One operation of the box that is made to fail, on a container that is new each time. */
export interface BoxOperation {
  /** Brings the container to where the operation begins, undisturbed. */
  readonly prepare: (id: string) => Promise<void>;
  readonly command: (id: string) => readonly string[];
  /** Looks at what has become of the container; `failed` is what the operation has said. */
  readonly check: (id: string, failed: boolean, summary: string) => Promise<void>;
}

/** Operations of tsstack-box in which something fails, and what has to be true afterwards. */
export class BoxFaults {
  readonly lab = new BoxLab();
  readonly injector = new FaultInjector(this.lab.directory);
  readonly bundle = this.lab.bundle('echo ready; exec sleep 1000', (spec) => {
    spec.linux['seccomp'] = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] };
    spec.linux.resources = { pids: { limit: 50 }, memory: { limit: 100_000_000 } };
  });

  readonly create: BoxOperation = {
    prepare: () => Promise.resolve(),
    command: (id) => ['create', '--bundle', this.bundle, id],
    check: (id, failed, summary) => (failed ? this.assertNothingLeft(id, summary) : this.deleteForGood(id, summary)),
  };
  readonly start = this.#startOf(this.bundle);
  /** An ordinary start gets by without the C library. */
  readonly startWithHook = this.#startOf(
    this.lab.bundle('exec sleep 1000', (spec) => (spec['hooks'] = { poststart: [{ path: '/bin/true' }] })),
  );
  readonly remove: BoxOperation = {
    prepare: async (id) => {
      await this.lab.quiet('create', '--bundle', this.bundle, id);
      await this.lab.quiet('start', id);
    },
    command: (id) => ['delete', '--force', id],
    check: (id, failed, summary) => (failed ? this.deleteForGood(id, summary) : this.assertNothingLeft(id, summary)),
  };

  box(args: readonly string[], fault: Fault = { kind: 'none' }): Promise<FaultOutcome> {
    return this.injector.run(fault, 'box', ['--root', join(this.lab.directory, 'root'), ...args]);
  }

  /** Nothing of a container is there: no record, cgroup, mount or process. Killed processes may need a moment. */
  async assertNothingLeft(id: string, summary: string): Promise<void> {
    assert.ok(!this.lab.leftRecords().includes(id), summary);
    await eventually(`${summary}: nothing left of ${id}`, () => findRemains(id).length === 0);
  }

  async deleteForGood(id: string, summary: string): Promise<void> {
    assert.equal((await this.lab.box('delete', '--force', id)).stderr, '', summary);
    await this.assertNothingLeft(id, summary);
  }

  /** Each call of the operation that can fail does, in turn; there are more than `fewest`. */
  async failEachCall(operation: BoxOperation, fewest = fewestCalls): Promise<void> {
    const all = await this.#try({ kind: 'none' }, operation);
    assert.ok(all.length > fewest, `only ${all.join()}`);
    for (let which = 1; which <= all.length; which += 1) await this.#try({ kind: 'call', which }, operation);
  }

  /** Refuses every `step`th request for memory, in turn, until there are no more that could fail. */
  async refuseMemory(operation: BoxOperation, step: number, andAllAfter: boolean): Promise<void> {
    for (let which = 1; ; which += step) {
      const { length } = await this.#try({ kind: 'memory', which, andAllAfter }, operation);
      if (length > 0) continue;
      assert.ok(which > fewestCalls, `only ${which}`);
      return;
    }
  }

  #startOf(bundle: string): BoxOperation {
    return {
      prepare: (id) => this.lab.quiet('create', '--bundle', bundle, id),
      command: (id) => ['start', id],
      check: async (id, failed, summary) => {
        const { status } = JSON.parse((await this.lab.box('state', id)).stdout) as { status: string };
        if (!failed) assert.equal(status, 'running', summary);
        await this.deleteForGood(id, summary);
      },
    };
  }

  async #try(fault: Fault, operation: BoxOperation): Promise<readonly string[]> {
    const id = this.lab.newId();
    await operation.prepare(id);
    const { code, stderr, faults, summary } = await this.box(operation.command(id), fault);
    assert.ok(code < 128, summary); // died of a signal
    // The first word is the program's: the box, or what it has executed.
    if (code !== 0) assert.match(stderr, /^[a-z-]+: .*\w{3}.*\n$/m, summary);
    await operation.check(id, code !== 0, summary);
    return faults;
  }
}
