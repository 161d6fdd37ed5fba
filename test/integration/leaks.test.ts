import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import PQueue from 'p-queue';
import { compareFootprints, dropCaches, measureFootprint } from '../support/host-footprint.ts';
import type { Footprint } from '../support/host-footprint.ts';
import { ShimLab } from '../support/shim-lab.ts';

const containers = 500;
/** Enough that one object each is seen beside what other programs of the machine do. */
const leakedContainers = 260;
const concurrency = 8;
/** The kernel frees namespaces and cgroups in the background, some of them after a grace period of RCU. */
const settleMs = 20_000;

describe('many containers, one after the other', () => {
  let lab: ShimLab;
  /** What there is before both tests: what the first one has left for the kernel to free may go while the second one counts. */
  let from: Footprint;
  before(async () => {
    lab = new ShimLab();
    await repeat(concurrency, live); // what is made once: directories, the launcher, this program's own code
    dropCaches();
    from = measureFootprint(lab);
  });
  after(() => lab.dispose());

  /** From its creation to its end; its files go, too, as those of the agent do. */
  async function live(): Promise<void> {
    const container = lab.describe(['true']);
    await lab.launcher.startShim(container.configPath);
    const control = await container.connect();
    await control.request({ op: 'start' });
    await control.closed;
    rmSync(container.directory, { recursive: true });
  }

  async function repeat(count: number, task: () => Promise<void>): Promise<void> {
    const queue = new PQueue({ concurrency });
    await Promise.all(Array.from({ length: count }, () => queue.add(task)));
  }

  /** What there is more of, when it is not going to get less. */
  async function findGrowth(): Promise<readonly string[]> {
    const deadline = performance.now() + settleMs;
    for (;;) {
      dropCaches();
      const growth = compareFootprints(from, measureFootprint(lab));
      if (growth.length === 0 || performance.now() > deadline) return growth;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  it(`${containers} leave mounts, cgroups, processes, descriptors and kernel memory as they were`, async () => {
    await repeat(containers, live);
    assert.deepEqual(await findGrowth(), []);
  });

  it('what stays on purpose is seen', async () => {
    const sockets: { close(): void }[] = [];
    await repeat(leakedContainers, async () => {
      const container = lab.describe(['true']);
      await lab.launcher.startShim(container.configPath);
      sockets.push(await container.connect());
    });
    const growth = compareFootprints(from, measureFootprint(lab)).map((line) => line.slice(0, line.indexOf(':')));
    // Cgroups that were removed before may be freed only now, and even out the new ones.
    const expected = ['cgroups', 'processes', 'descriptors', 'slab mnt_cache', 'slab net_namespace', 'slab ovl_inode'];
    for (const name of expected) assert.ok(growth.includes(name), `${name} is not in ${growth.join()}`);
    for (const socket of sockets) socket.close();
  });
});
