import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
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

/** What `cluster status` calls the problem. */
async function problemOf(host: ClusterHost): Promise<string> {
  const { stdout } = await host.ok(['cluster', 'status', '--format', 'json']);
  return (JSON.parse(stdout) as { problem: string }).problem;
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

  it('a worker that cannot reach its manager says so, keeps its containers, and is back by itself', async () => {
    const [row] = await manager.ps('web.yml');
    const { pid } = worker.shimState(row?.ID ?? '');
    cluster.unplug('w1');
    await until(
      () => listNodes(manager),
      (rows) => rows.some(({ Hostname, State }) => Hostname === 'w1' && State === 'down'),
    );
    assert.match(
      await until(
        () => problemOf(worker),
        (problem) => problem !== '',
      ),
      /10\.90\.0\.1:2377|manager|canceled|in time/,
    );
    assert.equal(worker.shimState(row?.ID ?? '').pid, pid);
    cluster.heal();
    await until(
      () => listNodes(manager),
      (rows) => rows.every(({ State }) => State === 'ready'),
      30_000,
    );
  });

  it('a worker leaves by force without its manager: its containers end, what is in its volumes stays', async () => {
    cluster.cut('w1');
    const refused = await worker.run(['cluster', 'leave']);
    assert.equal(refused.code, 1);
    const { stderr } = await worker.ok(['cluster', 'leave', '--force']);
    assert.match(stderr, /no manager was told \(.*\): remove the node there with `tsstack node rm/);
    cluster.heal();
    assert.equal((await worker.ok(['ls', '-a', '-q'])).stdout, '');
    const left = worker.sh('find', join(worker.dataRoot, 'left'), '-name', '_data');
    assert.match(left, /volumes\/web_data\/_data/);
    assert.equal(existsSync(join(worker.dataRoot, 'cluster')), false);
  });

  it('the last manager leaves by force: nodes that it cannot ask any more are forgotten with what they had', async () => {
    const refused = await manager.run(['cluster', 'leave']);
    assert.match(refused.stderr, /this is its last manager, and these nodes would have none: w1/);
    const { stderr } = await manager.ok(['cluster', 'leave', '--force']);
    assert.match(stderr, /the cluster is no more; on w1 run `tsstack cluster leave --force`/);
    assert.deepEqual(
      (await listNodes(manager)).map(({ Hostname }) => Hostname),
      ['m1'],
    );
  });

  it('a cluster over IPv6 is one like any other', async () => {
    const { stdout } = await other.ok(['cluster', 'init', '--advertise', 'fd00:90::3']);
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
