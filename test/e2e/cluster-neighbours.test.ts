/** Two clusters of two hosts each that share a wire, and what befalls hosts of theirs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { problemOf } from '../support/cluster-problem.ts';
import { listNodes } from '../support/list-nodes.ts';
import { hasInMemory } from '../support/process-memory.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { until } from '../support/test-host.ts';

const base = 'image: busybox:test\n    init: true\n    stop_grace_period: 1s';
const on = (role: string): string => `deploy: { placement: { constraints: ["node.role==${role}"] } }`;
const managersSecret = 'only-for-the-manager';
const workersSecret = 'also-for-the-worker';

/** The same in both clusters, but for the name that it answers with. */
const twin = (who: string): string => `
name: twin
services:
  asks:
    ${base}
    command: sleep 100000
    secrets: [near, far]
    ${on('manager')}
  answers:
    ${base}
    command: [sh, -c, "mkdir /www; echo ${who} > /www/index.html; exec httpd -f -p 80 -h /www"]
    secrets: [far]
    ${on('worker')}
secrets:
  near: { environment: NEAR }
  far: { environment: FAR }
`;

describe('two clusters on one network', () => {
  let cluster: TestCluster;
  const host = (name: string): ClusterHost => cluster.host(name);
  const clusters = [
    ['m1', 'w1'],
    ['m2', 'w2'],
  ] as const;

  const ask = async (manager: string): Promise<string> => {
    const { stdout } = await until(
      () =>
        host(manager).run(['-f', 'twin.yml', 'exec', '-T', 'asks', 'timeout', '3', 'wget', '-qO-', 'http://answers/']),
      ({ code }) => code === 0,
    );
    return stdout.trim();
  };
  /** The process of the container on the worker. */
  const pidOn = async (manager: string, worker: string): Promise<number> => {
    const row = (await host(manager).ps('twin.yml')).find(({ Service }) => Service === 'answers');
    return host(worker).shimState(row?.ID ?? '').pid;
  };
  const stateOf = async (manager: string, worker: string): Promise<string | undefined> =>
    (await listNodes(host(manager))).find(({ Hostname }) => Hostname === worker)?.State;

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1', 'm2', 'w2');
    const { dataRoot } = host('w2');
    host('w2').sh('mkdir', '-p', dataRoot);
    host('w2').sh('mount', '-t', 'tmpfs', '-o', 'size=100m', 'small', dataRoot);
    const image = await busyboxImage();
    await Promise.all(cluster.hosts.map((one) => one.ok(['load', '-i', image.dockerArchive])));
    await Promise.all(clusters.map(([manager, worker]) => cluster.form(manager, worker)));
    const env = { NEAR: managersSecret, FAR: workersSecret };
    await Promise.all(
      clusters.map(([manager]) => {
        const file = host(manager).write('twin.yml', twin(`answer of ${manager}`));
        return host(manager).ok(['-f', file, 'up', '-d', '--wait'], { env });
      }),
    );
  });
  // Whoever failed between a cut and its end is to leave the others alone.
  afterEach(() => cluster.heal());
  after(async () => {
    try {
      await Promise.all([host('m1').removeStacks(), host('m2').removeStacks()]);
      await host('w2').shutDown();
      host('w2').sh('umount', '--lazy', host('w2').dataRoot);
    } finally {
      await cluster.stop('m1', 'm2');
    }
  });

  it('know nothing of each other, though stacks, networks and names are the same', async () => {
    for (const [manager, worker] of clusters) {
      assert.equal(await ask(manager), `answer of ${manager}`);
      assert.deepEqual(
        (await listNodes(host(manager))).map(({ Hostname }) => Hostname),
        [manager, worker],
      );
      assert.match(host(manager).sh('ip', '-o', 'link'), / tsx4096/, 'the number of the network is the same');
    }
  });

  it('have secrets on those hosts whose containers use them, and on no others', async () => {
    const forms = (text: string): readonly string[] => [text, Buffer.from(text).toString('base64')];
    const worker = host('w1');
    const { stdout } = await worker.ok(['info', '--format', 'json']);
    const { pid } = JSON.parse(stdout) as { pid: number };
    assert.equal(hasInMemory(pid, forms(workersSecret)), true);
    assert.equal(hasInMemory(pid, forms(managersSecret)), false);
    const filesWith = (text: string): string => {
      const [program = '', ...rest] = worker.enter(['grep', '-rlF', text, worker.dataRoot, worker.runRoot]);
      return spawnSync(program, rest, { encoding: 'utf8' }).stdout.trim();
    };
    assert.match(filesWith(workersSecret), new RegExp(`^${worker.runRoot}/`), 'in memory, for the container');
    assert.equal(filesWith(managersSecret), '');
    const before = await pidOn('m1', 'w1');
    await host('m1').ok(['-f', 'twin.yml', 'stop', 'answers']);
    await host('m1').ok(['-f', 'twin.yml', 'rm', '-f', 'answers']);
    assert.equal(filesWith(workersSecret), '', 'dropped with the last container');
    await host('m1').ok(['-f', 'twin.yml', 'up', '-d', '--wait'], {
      env: { NEAR: managersSecret, FAR: workersSecret },
    });
    assert.notEqual(await pidOn('m1', 'w1'), before);
  });

  it('lose hosts that are not heard, or do not hear, whose containers run on; and have them back when that is over', async () => {
    const before = [await pidOn('m1', 'w1'), await pidOn('m2', 'w2')];
    cluster.cutFrom('w1');
    cluster.cutTo('w2');
    for (const [manager, worker] of clusters) {
      await until(
        () => stateOf(manager, worker),
        (state) => state === 'down',
      );
      assert.match((await host(manager).ok(['-f', 'twin.yml', 'ps', '-a'])).stdout, /Unknown since .* ago/);
      await until(
        () => problemOf(host(worker)),
        (problem) => problem !== '',
      );
    }
    cluster.heal();
    for (const [manager, worker] of clusters) {
      await until(
        () => stateOf(manager, worker),
        (state) => state === 'ready',
      );
      assert.equal(await ask(manager), `answer of ${manager}`);
    }
    assert.deepEqual([await pidOn('m1', 'w1'), await pidOn('m2', 'w2')], before);
  });

  it('say which host has a full disk, whose containers run on, also over the end of its daemon', async () => {
    const [manager, worker] = [host('m2'), host('w2')];
    const before = await pidOn('m2', 'w2');
    const filler = join(worker.dataRoot, 'filler');
    worker.sh('sh', '-c', `head -c 200m /dev/zero > ${filler} || true`);
    const file = manager.write(
      'more.yml',
      `name: more\nservices:\n  web:\n    ${base}\n    command: sleep 100000\n    ${on('worker')}\n`,
    );
    const { code, stderr } = await manager.run(['-f', file, 'up', '-d', '--wait']);
    assert.equal(code, 1);
    assert.ok(stderr.includes(`no space left on the disk of ${worker.dataRoot}`), stderr);
    const { stdout } = await manager.ok(['-f', file, 'service', 'ps', 'web']);
    assert.match(stdout, /w2 .*Rejected .*no space left/i);
    await worker.killDaemon();
    await worker.ok(['info', '--start']);
    await until(
      () => problemOf(worker),
      (problem) => problem === '',
    );
    assert.equal(await pidOn('m2', 'w2'), before);
    assert.equal(await ask('m2'), 'answer of m2');
    worker.sh('rm', filler);
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
  });
});
