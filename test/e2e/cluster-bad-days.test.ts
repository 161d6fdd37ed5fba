import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { problemOf } from '../support/cluster-problem.ts';
import { listNodes } from '../support/list-nodes.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { until } from '../support/test-host.ts';

const onWorker = `
name: web
services:
  web:
    image: busybox:test
    command: sleep 100000
    init: true
    volumes: [data:/data]
    deploy: { placement: { constraints: ["node.role==worker"] } }
volumes:
  data:
`;

async function initToken(host: ClusterHost): Promise<string> {
  const { stdout } = await host.ok(['cluster', 'init']);
  return /--token (\S+)/.exec(stdout)?.[1] ?? assert.fail(stdout);
}

describe('bad days of a cluster', () => {
  let cluster: TestCluster;
  let manager: ClusterHost;
  let worker: ClusterHost;
  let other: ClusterHost;
  let token = '';

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1', 'x1');
    [manager, worker, other] = [cluster.host('m1'), cluster.host('w1'), cluster.host('x1')];
    const image = await busyboxImage();
    for (const host of [manager, worker]) await host.ok(['load', '-i', image.dockerArchive]);
    token = await initToken(manager);
    await worker.ok(['cluster', 'join', '--token', token, manager.address]);
  });
  after(() => cluster.stop('m1'));

  it('two clusters on one network: a token is of one of them', async () => {
    const foreign = await initToken(other);
    const { code, stderr } = await other.run(['cluster', 'join', '--token', token, manager.address]);
    assert.equal(code, 1);
    assert.match(stderr, /this host is in a cluster already, as a manager/);
    await other.ok(['cluster', 'leave']);
    const crossed = await other.run(['cluster', 'join', '--token', foreign, manager.address]);
    assert.match(crossed.stderr, /the authority of 10\.90\.0\.1:2377 is not the one that the token names/);
  });

  it('a place that cannot be listened at leaves a host as it was', async () => {
    const { code, stderr } = await other.run(['cluster', 'init', '--listen', '10.90.0.99:2377']);
    assert.equal(code, 1);
    assert.match(stderr, /listen at 10\.90\.0\.99:2377: .*EADDRNOTAVAIL/);
    assert.match((await other.ok(['cluster', 'status'])).stdout, /in no cluster/);
    assert.equal(existsSync(join(other.dataRoot, 'cluster')), false);
  });

  it('a host that cannot keep what it is given is not in the cluster, which forgets it', async () => {
    const volumes = join(other.dataRoot, 'volumes');
    other.sh('mkdir', '-p', volumes);
    other.sh('mount', '-t', 'tmpfs', 'none', volumes);
    const { code, stderr } = await other.run(['cluster', 'join', '--token', token, manager.address]);
    other.sh('umount', volumes);
    assert.equal(code, 1);
    assert.match(stderr, /enter the cluster: EBUSY[^]*the cluster has forgotten it/);
    assert.match((await other.ok(['cluster', 'status'])).stdout, /in no cluster/);
    assert.deepEqual((await listNodes(manager)).map(({ Hostname }) => Hostname).toSorted(), ['m1', 'w1']);
  });

  it('a host with stacks of its own does not join, and says what to do', async () => {
    await other.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    const file = other.write(
      'own.yml',
      'name: own\nservices: { a: { image: "busybox:test", command: sleep 9999, init: true, volumes: ["kept:/kept"] } }\nvolumes: { kept: }\n',
    );
    await other.ok(['-f', file, 'up', '-d', '--wait']);
    const pids = await other.pids(file);
    const { stderr } = await other.run(['cluster', 'join', '--token', token, manager.address]);
    assert.match(stderr, /this host has stacks of its own: own[^]*tsstack -p own down/);
    assert.deepEqual(await other.pids(file), pids);
    await other.ok(['-f', file, 'exec', '-T', 'a', 'sh', '-c', 'echo mine > /kept/file']);
    await other.ok(['-f', file, 'down', '-t', '0']);
  });

  it('what a host has stored is out of the way while it is a worker, and is there again when it leaves', async () => {
    await other.ok(['cluster', 'join', '--token', token, manager.address]);
    await until(
      () => listNodes(manager),
      (rows) => rows.filter(({ State }) => State === 'ready').length === 3,
    );
    // A second session: by then the agent would delete what its manager does not know.
    await other.killDaemon();
    await other.ok(['info', '--start']);
    await until(
      () => problemOf(other),
      (problem) => problem === '',
    );
    await other.ok(['cluster', 'leave']);
    await other.ok(['-f', 'own.yml', 'up', '-d', '--wait']);
    assert.equal((await other.ok(['-f', 'own.yml', 'exec', '-T', 'a', 'cat', '/kept/file'])).stdout, 'mine\n');
    await other.ok(['-f', 'own.yml', 'down', '-v', '-t', '0']);
  });

  it('an authority is replaced under running containers', async () => {
    const file = manager.write('web.yml', onWorker);
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
    const [row] = await manager.ps(file);
    const { pid } = worker.shimState(row?.ID ?? '');
    await manager.ok(['cluster', 'ca', 'rotate']);
    await until(
      async () => (await manager.ok(['cluster', 'status', '--format', 'json'])).stdout,
      (text) => (JSON.parse(text) as { outdatedNodes: readonly string[] }).outdatedNodes.length === 0,
    );
    const old = await other.run(['cluster', 'join', '--token', token, manager.address]);
    assert.match(old.stderr, /is not the one that the token names/);
    await worker.killDaemon();
    await worker.ok(['info', '--start']);
    await until(
      () => problemOf(worker),
      (problem) => problem === '',
    );
    assert.equal(worker.shimState(row?.ID ?? '').pid, pid);
  });

  it('a cluster over IPv6 is one like any other', async () => {
    await manager.ok(['-f', 'web.yml', 'down', '-v', '-t', '0']);
    await worker.ok(['cluster', 'leave']);
    const tooShort = await other.run(['cluster', 'init', '--cert-expiry', '5m']);
    assert.match(tooShort.stderr, /lifetime of certificates: it has to be between an hour and ten years/);
    const { stdout } = await other.ok(['cluster', 'init', '--advertise', 'fd00:90::3', '--cert-expiry', '2h']);
    const status = (await other.ok(['cluster', 'status', '--format', 'json'])).stdout;
    const { certificateExpiresMs } = JSON.parse(status) as { certificateExpiresMs: number };
    assert.ok(Math.abs(certificateExpiresMs - Date.now() - 2 * 3_600_000) < 60_000);
    const words = /tsstack (cluster join .*)/.exec(stdout)?.[1]?.split(' ') ?? assert.fail(stdout);
    assert.equal(words.at(-1), '[fd00:90::3]:2377');
    // As a careful operator does it: nobody sees the token in a list of processes.
    const hidden = words.map((word) => (word.startsWith('TSTKN') ? '-' : word));
    await worker.ok(hidden, { stdin: words.find((word) => word.startsWith('TSTKN')) ?? '' });
    const rows = await until(
      () => listNodes(other),
      (found) => found.length === 2 && found.every(({ State }) => State === 'ready'),
    );
    assert.deepEqual(
      rows.map(({ Address }) => Address),
      ['fd00:90::2', 'fd00:90::3'],
    );
    await worker.ok(['cluster', 'leave']);
    await other.ok(['cluster', 'leave']);
  });
});
