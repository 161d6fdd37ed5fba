import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { refusedConnections } from '../../agents/host/networks/net-log.ts';
import { busyboxImage } from '../fixtures/images.ts';
import { heavyArchive } from '../fixtures/images/heavy.ts';
import { listNodes } from '../support/list-nodes.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { RunningCommand } from '../support/running-command.ts';
import { until } from '../support/test-host.ts';

const lone = 'name: lone\nservices:\n  web: { image: "busybox:test", command: sleep 100000, init: true }\n';

/** One task on each of two hosts. */
const both = `
name: both
services:
  first:
    image: busybox:test
    command: sleep 100000
    init: true
    deploy: { placement: { constraints: ["node.hostname==m1"] } }
  second:
    image: busybox:test
    command: sh -c "hostname; i=0; while sleep 0.05; do echo count $$i; i=$$((i+1)); done"
    init: true
    restart: always
    deploy: { placement: { constraints: ["node.hostname==w1"] } }
`;

/** On the host that does not have the image. */
const heavy = `
name: heavy
services:
  app:
    image: heavy:test
    command: sleep 100000
    init: true
    deploy: { placement: { constraints: ["node.hostname==w1"] } }
`;

const megabyte = 2 ** 20;

/** What has come of layers that are not complete. */
function partialBytes(host: ClusterHost): number {
  const ingest = join(host.dataRoot, 'ingest');
  const names = readdirSync(ingest).filter((name) => name.endsWith('.partial'));
  const sizes = names.map((name) => statSync(join(ingest, name), { throwIfNoEntry: false })?.size ?? 0);
  return Math.max(0, ...sizes);
}

function sentBytes(host: ClusterHost): number {
  return Number(host.sh('cat', '/sys/class/net/eth0/statistics/tx_bytes'));
}

describe('a cluster of two hosts', () => {
  let cluster: TestCluster;
  let manager: ClusterHost;
  let worker: ClusterHost;
  let token = '';

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1');
    [manager, worker] = [cluster.host('m1'), cluster.host('w1')];
    const image = await busyboxImage();
    await manager.ok(['load', '-i', image.dockerArchive]);
  });
  after(() => cluster.stop('m1'));

  it('begins on a lone host without touching its containers', async () => {
    await manager.ok(['-f', manager.write('lone.yml', lone), 'up', '-d', '--wait']);
    const before = await manager.pids('lone.yml');
    const { stdout } = await manager.ok(['cluster', 'init']);
    token = /--token (\S+) 10\.90\.0\.1:2377/.exec(stdout)?.[1] ?? assert.fail(stdout);
    assert.deepEqual(await manager.pids('lone.yml'), before);
    assert.match((await manager.ok(['cluster', 'status'])).stdout, /Role: +manager[^]*Managers: +10\.90\.0\.1:2377/);
  });

  it('takes in a worker with a token, and no other', async () => {
    const wrong = `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`;
    const refused = await worker.run(['cluster', 'join', '--token', wrong, manager.address]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the token is not good: it has been rotated/);
    await worker.ok(['cluster', 'join', '--token', token, manager.address]);
    const rows = await until(
      () => listNodes(manager),
      (found) => found.length === 2 && found.every(({ State }) => State === 'ready'),
    );
    assert.deepEqual(
      rows.map(({ Hostname, Role, Address }) => [Hostname, Role, Address]),
      [
        ['m1', 'manager', '10.90.0.1'],
        ['w1', 'worker', '10.90.0.2'],
      ],
    );
  });

  it('runs containers on both, and shows what those of the other host say', async () => {
    await manager.ok(['-f', manager.write('both.yml', both), 'up', '-d', '--wait']);
    const rows = await manager.ps('both.yml');
    assert.deepEqual(
      rows.map(({ State }) => State),
      ['running', 'running'],
    );
    // A container is called by its id on its network.
    const id = rows.find(({ Service }) => Service === 'second')?.ID ?? assert.fail();
    await until(
      async () => (await manager.ok(['-f', 'both.yml', 'logs', 'second'])).stdout,
      (text) => text.includes(`| ${id}\n`),
    );
    await manager.ok(['-f', 'both.yml', 'cp', manager.write('carried', 'over the network'), 'second:/carried']);
    const carried = await manager.ok(['-f', 'both.yml', 'cp', 'second:/carried', '-']);
    assert.match(carried.stdout, /over the network/);
    const { stdout: info } = await worker.ok(['info', '--format', 'json']);
    assert.equal((JSON.parse(info) as { role: string }).role, 'worker');
  });

  it('tells who asks a worker to ask a manager', async () => {
    const { code, stderr } = await worker.run(['ls', '-a']);
    assert.equal(code, 1);
    assert.match(stderr, /this host is a worker of a cluster[^]*run it on a manager: 10\.90\.0\.1:2377/);
  });

  it('tells on a worker what that cannot do, as its managers do, also what was found out by and by', async () => {
    appendFileSync(worker.see(join(worker.runRoot, 'net/net.log')), `${refusedConnections}, as the test says\n`);
    const own = await until(
      async () => {
        const { stdout } = await worker.ok(['info', '--format', 'json']);
        return (JSON.parse(stdout) as { node: { limitations: readonly string[] } }).node.limitations;
      },
      (limitations) => limitations.some((line) => line.startsWith(refusedConnections)),
    );
    const known = await until(
      async () => {
        const { stdout } = await manager.ok(['node', 'inspect', worker.name]);
        const [node] = JSON.parse(stdout) as [{ description: { limitations: readonly string[] } }];
        return node.description.limitations;
      },
      (limitations) => limitations.length === own.length,
    );
    assert.deepEqual(known, own);
  });

  it('goes on when the daemon of the worker is killed and comes back', async () => {
    const id = (await manager.ps('both.yml')).find(({ Service }) => Service === 'second')?.ID ?? assert.fail();
    const { pid } = worker.shimState(id);
    const following = new RunningCommand(manager, ['-f', 'both.yml', 'logs', '-f', '--no-log-prefix', 'second']);
    const counted = (): readonly number[] =>
      [...following.stdout.matchAll(/^count (\d+)\n/gm)].map(([, number]) => Number(number));
    await following.shows('count 3');
    for (const end of [() => worker.killDaemon(), () => worker.shutDown()]) {
      await end();
      const last = counted().at(-1) ?? 0;
      await worker.ok(['info', '--start']);
      await following.shows(`count ${last + 20}\n`);
    }
    following.signal('SIGTERM');
    await following.ended();
    assert.deepEqual(counted(), [...counted().keys()]);
    // The first question waits for the first contact.
    assert.match((await worker.ok(['cluster', 'status'])).stdout, /Role: +worker[^]*Problem: +none/);
    assert.equal(worker.shimState(id).pid, pid);
    assert.equal((await listNodes(manager)).length, 2);
  });

  it('brings an image from the host that has it to the one that needs it, and goes on where it was when that one dies in the middle', async () => {
    const archive = await heavyArchive(mkdtempSync(join(manager.directory, 'heavy-')), 'heavy:test', {
      layers: 1,
      megabytes: 12,
    });
    await manager.ok(['load', '-i', archive]);
    const slow = ['dev', 'eth0', 'root'];
    manager.sh('tc', 'qdisc', 'add', ...slow, 'tbf', 'rate', '10mbit', 'burst', '64kb', 'latency', '200ms');
    const first = manager.run(['-f', manager.write('heavy.yml', heavy), 'up', '-d', '--wait']);
    const kept = await until(
      () => Promise.resolve(partialBytes(worker)),
      (bytes) => bytes >= 4 * megabyte,
    );
    await worker.killDaemon();
    manager.sh('tc', 'qdisc', 'del', ...slow);
    const before = sentBytes(manager);
    await worker.ok(['info', '--start']);
    // On a slow machine the node may have been taken for lost meanwhile, which that `up` then tells.
    await first;
    await manager.ok(['-f', 'heavy.yml', 'up', '-d', '--wait']);
    const sent = sentBytes(manager) - before;
    assert.ok(sent < statSync(archive).size - kept + megabyte, `${sent} bytes were sent again, with ${kept} there`);
    await manager.ok(['-f', 'heavy.yml', 'down', '-t', '0']);
  });

  it('lists images of all hosts, takes what was built on another one for built, and removes from all what none needs', async () => {
    const list = async (...more: string[]): Promise<string> => (await manager.ok(['images', '--all', ...more])).stdout;
    assert.match(await list(), /heavy +test .* all\n/);
    const used = await manager.run(['images', 'rm', 'busybox:test']);
    assert.match(used.stderr, /remove image busybox:test: used by .*both-second-1 on w1/);
    assert.match(await list(), /busybox +test .* all\n/);

    assert.match((await manager.ok(['images', 'rm', '--node', 'm1', 'heavy:test'])).stdout, /^heavy:test\nsha256:/);
    assert.match(await list(), /heavy +test .* w1\n/);
    const built = heavy.replace('image: heavy:test', 'image: heavy:test\n    build: .\n    pull_policy: never');
    await manager.ok(['-f', manager.write('built.yml', built), 'create']);
    assert.match((await manager.ok(['-f', 'built.yml', 'images'])).stdout, /heavy +test .* w1\n/);
    await manager.ok(['-f', 'built.yml', 'down']);
    // What only one host uses stays on all.
    assert.match(
      (await manager.ok(['images', 'prune', '--all', '--force'])).stdout,
      /^heavy:test\nsha256:\w+\nTotal reclaimed space: 14.*MB\n$/,
    );
    assert.doesNotMatch(await list(), /heavy/);
    const gone = await manager.run(['images', 'rm', 'heavy:test']);
    assert.match(gone.stderr, /remove image heavy:test: no node that answers has it/);
  });

  it('goes on when the daemon of the manager is killed and comes back', async () => {
    const id = (await manager.ps('both.yml')).find(({ Service }) => Service === 'second')?.ID ?? assert.fail();
    const [own, { pid }] = [await manager.pids('lone.yml'), worker.shimState(id)];
    await manager.killDaemon();
    await manager.ok(['info', '--start']);
    await until(
      () => listNodes(manager),
      (rows) => rows.length === 2 && rows.every(({ State }) => State === 'ready'),
    );
    assert.deepEqual(await manager.pids('lone.yml'), own);
    assert.equal(worker.shimState(id).pid, pid);
    assert.equal((await manager.ps('both.yml')).find(({ ID }) => ID === id)?.State, 'running');
  });

  it('takes a worker back after a power cut as the node that it was, and its containers run again', async () => {
    const before = await listNodes(manager);
    await worker.powerOff();
    await worker.ok(['info', '--start']);
    await until(
      () => manager.ps('both.yml'),
      (rows) => rows.every(({ State }) => State === 'running'),
    );
    const ids = (rows: typeof before): readonly string[] => rows.map(({ ID }) => ID);
    assert.deepEqual(ids(await listNodes(manager)), ids(before));
    // What the manager knew of the containers was still true for it while the worker was away.
    const { stdout } = await until(
      () => manager.run(['-f', 'both.yml', 'exec', '-T', 'second', 'echo', 'here']),
      ({ code }) => code === 0,
    );
    assert.equal(stdout, 'here\n');
  });

  it('lets a worker go that has nothing left to do, which then is as it was before', async () => {
    const refused = await worker.run(['cluster', 'leave']);
    assert.match(refused.stderr, /these containers run here: both-second-1/);
    await manager.ok(['-f', 'both.yml', 'down', '-t', '0']);
    await worker.ok(['cluster', 'leave']);
    assert.deepEqual(
      (await listNodes(manager)).map(({ Hostname }) => Hostname),
      ['m1'],
    );
    assert.match((await worker.ok(['cluster', 'status'])).stdout, /in no cluster/);
    assert.equal((await worker.ok(['ls', '-a', '-q'])).stdout, '');
  });

  it('ends with its last manager, whose containers run on', async () => {
    const before = await manager.pids('lone.yml');
    await manager.ok(['cluster', 'leave']);
    assert.deepEqual(await manager.pids('lone.yml'), before);
    assert.match((await manager.ok(['cluster', 'status'])).stdout, /in no cluster/);
  });
});
