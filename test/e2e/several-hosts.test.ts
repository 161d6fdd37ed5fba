import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestCluster } from '../support/test-cluster.ts';
import { runCommand } from '../support/underlay.ts';

const stack = 'name: lone\nservices:\n  web: { image: "busybox:test", command: sleep 100000, init: true }\n';

/** Whether an address answers one of a ping each second for so long. */
function answers(ping: readonly string[], address: string, seconds: number): boolean {
  try {
    runCommand(...ping, 'ping', '-c', '1', '-w', String(seconds), address);
    return true;
  } catch {
    return false;
  }
}

describe('several hosts on one machine', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create('h1', 'h2');
  });
  after(() => cluster.stop('h1', 'h2'));

  /** One answer is enough, for which a busy machine may need longer. */
  const reaches = (from: string, to: string): boolean =>
    answers(cluster.host(from).enter([], '/'), cluster.host(to).address, 20);
  const isCutOff = (from: string, to: string): boolean =>
    !answers(cluster.host(from).enter([], '/'), cluster.host(to).address, 1);

  it('have networks of their own that can be cut, one way or both, and healed', () => {
    assert.equal(reaches('h1', 'h2'), true);
    cluster.cutFrom('h2');
    assert.equal(isCutOff('h1', 'h2'), true);
    cluster.heal();
    assert.equal(reaches('h1', 'h2'), true);
    cluster.unplug('h2');
    assert.equal(isCutOff('h1', 'h2'), true);
    cluster.heal();
    assert.equal(reaches('h2', 'h1'), true);
  });

  it('run a stack of the same name each, without noticing each other, and survive a power cut', async () => {
    const image = await busyboxImage();
    for (const host of cluster.hosts) {
      await host.ok(['load', '-i', image.dockerArchive]);
      await host.ok(['-f', host.write('stack.yml', stack), 'up', '-d', '--wait']);
    }
    const [h1, h2] = cluster.hosts;
    assert.ok(h1 !== undefined && h2 !== undefined);
    const before = await h2.pids('stack.yml');
    await h1.powerOff();
    await h1.ok(['info', '--start']);
    await h1.ok(['-f', 'stack.yml', 'up', '-d', '--wait']);
    assert.equal((await h1.ps('stack.yml'))[0]?.State, 'running');
    assert.deepEqual(await h2.pids('stack.yml'), before);
  });
});
