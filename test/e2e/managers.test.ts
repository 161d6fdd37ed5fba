import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { until } from '../support/test-host.ts';

/** One container on each host. */
const spread = (replicas: number): string => `
name: spread
services:
  web:
    image: busybox:test
    command: sleep 100000
    init: true
    restart: always
    deploy: { replicas: ${replicas} }
`;

/** Processes of the containers on that host alone. */
function pidsOn(host: ClusterHost): readonly number[] {
  const directory = host.see(join(host.runRoot, 'containers'));
  return readdirSync(directory).map((id) => host.shimState(id).pid);
}

describe('a cluster of three managers', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let etcd: readonly EtcdProcess[] = [];
  let m1: ClusterHost;
  let m2: ClusterHost;
  let m3: ClusterHost;

  before(async () => {
    cluster = await TestCluster.create('m1', 'm2', 'm3');
    [m1, m2, m3] = [cluster.host('m1'), cluster.host('m2'), cluster.host('m3')];
    const image = await busyboxImage();
    for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
    for (const host of cluster.hosts) host.write('spread.yml', spread(3));
    etcd = await EtcdProcess.startOn(cluster.hosts);
  });
  after(async () => {
    try {
      await cluster.stop('m1');
    } finally {
      for (const member of etcd) await member.remove();
    }
  });

  const store = (): string => `etcd://${cluster.hosts.map(({ address }) => `${address}:2379`).join(',')}`;

  async function leaderOf(host: ClusterHost): Promise<string> {
    const { stdout } = await host.ok(['cluster', 'status', '--format', 'json']);
    return (JSON.parse(stdout) as { leader: string }).leader;
  }

  async function nodeStates(host: ClusterHost): Promise<readonly string[]> {
    const { stdout } = await host.ok(['node', 'ls', '--format', 'json']);
    const rows = stdout.split('\n').filter((line) => line !== '');
    return rows
      .map((line) => JSON.parse(line) as { Hostname: string; State: string; Role: string })
      .map(({ Hostname, State, Role }) => `${Hostname} ${Role} ${State}`)
      .toSorted();
  }

  it('is refused while the store is for one, and takes them when it has moved, with no container restarted', async () => {
    await m1.ok(['cluster', 'init']);
    await m1.ok(['-f', m1.write('one.yml', spread(1)), 'up', '-d', '--wait']);
    const before = await m1.pids('one.yml');
    const { stdout: token } = await m1.ok(['cluster', 'token', '-q', 'manager']);
    const refused = await m2.run(['cluster', 'join', '--token', token.trim(), m1.address]);
    assert.match(refused.stderr, /the store of this cluster is for one manager[^]*cluster migrate --to etcd/);
    await m1.ok(['cluster', 'migrate', '--to', store()]);
    assert.deepEqual(await m1.pids('one.yml'), before);
    for (const host of [m2, m3]) {
      const { stderr } = await host.ok(['cluster', 'join', '--token', token.trim(), m1.address]);
      assert.match(stderr, /This host is now manager/);
    }
    const states = await until(
      () => nodeStates(m2),
      (found) => found.every((state) => state.endsWith('ready')),
    );
    assert.deepEqual(states, ['m1 manager ready', 'm2 manager ready', 'm3 manager ready']);
    assert.equal(await leaderOf(m3), `${m1.address}:2377`);
  });

  it('takes commands at every manager', async () => {
    await m3.ok(['-f', 'spread.yml', 'up', '-d', '--wait']);
    for (const host of cluster.hosts) assert.equal((await host.ps('spread.yml')).length, 3, host.name);
    const { stdout } = await m2.ok(['-f', 'spread.yml', 'exec', '--index', '1', 'web', 'echo', 'hello']);
    assert.equal(stdout, 'hello\n');
  });

  it('goes on when the leader loses its power, with its containers placed elsewhere', async () => {
    const before = await m2.ps('spread.yml');
    const began = performance.now();
    await Promise.all([m1.powerOff(), etcd[0]?.kill()]);
    await m2.ok(['-f', 'spread.yml', 'up', '-d']);
    assert.ok(performance.now() - began < 8000, `the next write was accepted after ${performance.now() - began} ms`);
    assert.notEqual(await leaderOf(m2), `${m1.address}:2377`);
    await until(
      () => m2.ps('spread.yml'),
      (rows) => rows.filter(({ State }) => State === 'running').length >= 3,
    );
    assert.equal(before.length, 3);
  });

  it('has it back as a follower', async () => {
    await etcd[0]?.start();
    await m1.ok(['info', '--start']);
    await until(
      () => nodeStates(m1),
      (found) => found.length === 3 && found.every((state) => state.endsWith('ready')),
    );
    assert.equal(await leaderOf(m1), await leaderOf(m2));
  });

  it('says what is missing when etcd has lost its majority, while containers run on', async () => {
    const before = pidsOn(m2);
    await Promise.all([etcd[1]?.kill(), etcd[2]?.kill()]);
    const { stderr } = await until(
      () => m1.run(['-f', 'spread.yml', 'up', '-d']),
      ({ code }) => code !== 0,
    );
    assert.match(
      stderr,
      /etcd does not answer as a whole .*10\.90\.0\.2:2379: nobody answers; 10\.90\.0\.3:2379: nobody answers/,
    );
    const shown = await m1.ok(['-f', 'spread.yml', 'ps']);
    assert.match(shown.stderr, /warning: this may not be the latest: as of .*etcd does not answer as a whole/);
    await Promise.all([etcd[1]?.start(), etcd[2]?.start()]);
    await until(
      () => m1.run(['-f', 'spread.yml', 'up', '-d']),
      ({ code }) => code === 0,
    );
    assert.deepEqual([before.length > 0, pidsOn(m2)], [true, before]);
  });

  it('comes back after all hosts lost power, with daemons that wait for etcd, and runs as many containers as before', async () => {
    await Promise.all([...cluster.hosts.map((host) => host.powerOff()), ...etcd.map((member) => member.kill())]);
    await m1.ok(['info', '--start']);
    const waiting = await m1.ok(['cluster', 'status']);
    assert.match(waiting.stdout, /Role: +manager[^]*Problem: +.*10\.90\.0\.1:2379: nobody answers/);
    await Promise.all(etcd.map((member) => member.start()));
    for (const host of [m2, m3]) await host.ok(['info', '--start']);
    await until(
      () => nodeStates(m1).catch(() => []),
      (found) => found.length === 3 && found.every((state) => state.endsWith('ready')),
    );
    const running = await until(
      async () => (await m1.ps('spread.yml')).filter(({ State }) => State === 'running'),
      ({ length }) => length === 3,
    );
    assert.equal(running.length, 3);
  });

  it('lets managers go, and the last one take the store home', async () => {
    await m1.ok(['-f', 'spread.yml', 'down', '-t', '0']);
    for (const host of [m2, m3]) await host.ok(['cluster', 'leave']);
    assert.match((await m2.ok(['cluster', 'status'])).stdout, /in no cluster/);
    await m1.ok(['cluster', 'migrate', '--to', 'sqlite']);
    assert.match((await m1.ok(['cluster', 'status'])).stdout, /Store: +sqlite/);
    assert.deepEqual(
      await until(
        () => nodeStates(m1),
        (found) => found.length === 1,
      ),
      ['m1 manager ready'],
    );
  });
});
