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

const pair = `
name: pair
services:
  here: { image: "busybox:test", command: sleep 100000, init: true, deploy: { placement: { constraints: ["node.role==manager"] } } }
  there: { image: "busybox:test", command: sleep 100000, init: true, deploy: { placement: { constraints: ["node.role==worker"] } } }
`;

/** As a new lease of a DHCP server does. */
function readdress(host: ClusterHost, number: number): void {
  const [link = ''] =
    /^\d+: (\S+?)[@\s]/m.exec(host.sh('ip', '-o', 'addr', 'show', 'to', `${host.address}/24`))?.slice(1) ?? [];
  host.sh('ip', 'addr', 'del', `${host.address}/24`, 'dev', link);
  host.sh('ip', 'addr', 'add', `10.90.0.${number}/24`, 'dev', link);
}

describe('a cluster whose hosts lose each other', () => {
  let cluster: TestCluster;
  let manager: ClusterHost;
  let worker: ClusterHost;

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1');
    [manager, worker] = [cluster.host('m1'), cluster.host('w1')];
    await worker.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    await cluster.form('m1', 'w1');
    await manager.ok(['-f', manager.write('web.yml', onWorker), 'up', '-d', '--wait']);
  });
  after(() => cluster.stop('m1'));

  it('shows which host holds a volume', async () => {
    assert.match((await manager.ok(['volume', 'ls'])).stdout, /NODE\nlocal +web_data +w1\n/);
    assert.match((await manager.ok(['-f', 'web.yml', 'volumes'])).stdout, /local +web_data +w1\n/);
    assert.match((await manager.ok(['volume', 'inspect', 'web_data'])).stdout, /"Node": "w1"/);
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
    const { stderr } = await manager.ok(['-f', 'web.yml', 'stop', '-t', '0']);
    assert.match(stderr, /Container web-web-1 Lost node w1 is down since \S+: it stops when it is back/);
    const logs = await manager.run(['-f', 'web.yml', 'logs']);
    assert.deepEqual([logs.code, logs.stdout], [0, '']);
    cluster.heal();
    await until(
      () => listNodes(manager),
      (rows) => rows.every(({ State }) => State === 'ready'),
    );
    // What was asked for meanwhile is done now.
    await until(
      () => manager.ps('web.yml'),
      (rows) => rows.every(({ State }) => State === 'exited'),
    );
    await manager.ok(['-f', 'web.yml', 'start']);
  });

  it('a host that gets another address is found there, and so is a manager where it is named', async () => {
    await manager.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
    const file = manager.write('pair.yml', pair);
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
    const reach = (): Promise<{ readonly code: number }> =>
      manager.run(['-f', file, 'exec', '-T', 'here', 'ping', '-c', '1', '-W', '1', 'there']);
    // The name is known there a moment after the container runs here.
    await until(reach, ({ code }) => code === 0);

    readdress(worker, 12);
    const atNewPlace =
      (place: string, name: string) =>
      (rows: Awaited<ReturnType<typeof listNodes>>): boolean =>
        rows.every(({ State }) => State === 'ready') &&
        rows.some(({ Hostname, Address }) => Hostname === name && Address === place);
    await until(() => listNodes(manager), atNewPlace('10.90.0.12', 'w1'));
    await until(reach, ({ code }) => code === 0);

    readdress(manager, 11);
    assert.match(
      await problemOf(manager),
      /10\.90\.0\.1 is no address of this host any more: `tsstack cluster address/,
    );
    await manager.ok(['cluster', 'address', '10.90.0.11']);
    const nobody = await worker.run(['cluster', 'address', '--manager', '10.90.0.99']);
    assert.equal(nobody.code, 1);
    const { stderr } = await worker.ok(['cluster', 'address', '--manager', '10.90.0.11']);
    assert.match(stderr, /This host is at 10\.90\.0\.12, its managers at 10\.90\.0\.11:2377/);
    await until(() => listNodes(manager), atNewPlace('10.90.0.11', 'm1'));
    await until(reach, ({ code }) => code === 0);
    assert.equal(await problemOf(worker), '');
    await manager.ok(['-f', file, 'down', '-t', '0']);
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
});
