import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { calmMs } from '../support/calm-time.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { until, type PsRow } from '../support/test-host.ts';

/** Serves its name and the address of its client, on both hosts and on none but these. */
const page = '#!/bin/sh\necho; echo; echo "$$(hostname) $$(echo $$REMOTE_ADDR | tr -d "[]" | sed s/::ffff://)"';
const serving = `mkdir -p /www/cgi-bin; printf '%s' "$$PAGE" > /www/cgi-bin/who; chmod +x /www/cgi-bin/who; exec httpd -f -p 80 -h /www`;

const stack = `
name: shop
services:
  web:
    image: busybox:test
    init: true
    environment: { PAGE: ${JSON.stringify(page)} }
    command: ["sh", "-c", ${JSON.stringify(serving)}]
    hostname: "web"
    ports: ["8080:80"]
    networks: { default: { aliases: [front] } }
    deploy: { placement: { constraints: ["node.hostname==w1"] } }
  api:
    image: busybox:test
    init: true
    environment: { PAGE: ${JSON.stringify(page)} }
    command: ["sh", "-c", ${JSON.stringify(serving)}]
    deploy: { replicas: 3, endpoint_mode: vip, placement: { preferences: [{ spread: node.hostname }] } }
  client:
    image: busybox:test
    init: true
    command: sleep 100000
    deploy: { placement: { constraints: ["node.hostname==m1"] } }
`;

describe('networks of a cluster', () => {
  let cluster: TestCluster;
  let manager: ClusterHost;

  const inside = async (service: string, ...command: readonly string[]): Promise<string> =>
    (await manager.ok(['-f', 'shop.yml', 'exec', '-T', service, ...command])).stdout;
  /** What a server tells a container, once it listens. */
  const askInside = async (name: string): Promise<string> => {
    const { stdout } = await until(
      () => manager.run(['-f', 'shop.yml', 'exec', '-T', 'client', 'wget', '-qO-', `http://${name}/cgi-bin/who`]),
      ({ code }) => code === 0,
    );
    return stdout;
  };
  const get = (host: string, address: string): string =>
    cluster.host(host).sh('curl', '-sS', '--max-time', '3', `http://${address}:8080/cgi-bin/who`).trim();
  /** The same where it may not answer yet, whatever the reason. */
  const ask = (host: string, address: string): string => {
    try {
      return get(host, address);
    } catch (error) {
      return String(error);
    }
  };

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1', 'w2');
    manager = cluster.host('m1');
    const image = await busyboxImage();
    for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
    const { stdout } = await manager.ok(['cluster', 'init']);
    const token = /--token (\S+) /.exec(stdout)?.[1] ?? assert.fail(stdout);
    for (const name of ['w1', 'w2'])
      await cluster.host(name).ok(['cluster', 'join', '--token', token, manager.address]);
    await manager.ok(['-f', manager.write('shop.yml', stack), 'up', '-d', '--wait']);
  });
  after(() => cluster.stop('m1'));

  it('connect containers of different hosts, by the names of the stack', async () => {
    assert.match(await askInside('front'), /^web 172\.\d+\.\d+\.\d+/m);
    for (const name of ['web', 'tasks.web', 'shop-web-1', 'WEB', 'web.shop_default']) {
      assert.match(await inside('client', 'nslookup', name), /Address.*172\./, name);
    }
    await inside('client', 'ping', '-c', '1', '-W', '5', 'web');
  });

  it('have six containers of a service within ten seconds, two on each host', async () => {
    const sleeper = 'image: "busybox:test", init: true, command: sleep 100000';
    const file = manager.write('six.yml', `name: six\nservices:\n  web: { ${sleeper}, deploy: { replicas: 6 } }\n`);
    const began = calmMs();
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
    const took = calmMs() - began;
    const { stdout } = await manager.ok(['-f', file, 'ps', '--format', 'json']);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as PsRow & { readonly Node: string });
    assert.deepEqual(
      rows.map(({ Name }) => Name).toSorted(),
      [1, 2, 3, 4, 5, 6].map((slot) => `six-web-${slot}`),
    );
    assert.deepEqual(rows.map(({ Node }) => Node).toSorted(), ['m1', 'm1', 'w1', 'w1', 'w2', 'w2']);
    assert.ok(took < 10_000, `${took} ms`);
    await manager.ok(['-f', file, 'down', '-t', '0']);
  });

  it('give a service an address of its own that leads to its containers on all hosts, where the file says so', async () => {
    const addressesOf = async (name: string): Promise<readonly string[]> =>
      (await inside('client', 'nslookup', '-type=a', name)).match(/172\.\d+\.\d+\.\d+/g) ?? [];
    assert.equal((await addressesOf('api')).length, 1);
    assert.equal((await addressesOf('tasks.api')).length, 3);
    const loop = 'for i in 1 2 3 4 5 6; do wget -qO- http://api/cgi-bin/who | grep .; done';
    const answers = (await inside('client', 'sh', '-c', loop)).trim().split('\n');
    assert.equal(answers.length, 6);
    assert.equal(new Set(answers).size, 3, answers.join());
  });

  it('answer published ports at every host, and the container sees the client', async () => {
    for (const host of ['m1', 'w1', 'w2']) {
      const { address } = cluster.host(host);
      assert.equal(get('w2', address), `web ${cluster.host('w2').address}`, host);
      assert.match(get(host, '127.0.0.1'), /^web 172\./, host);
    }
  });

  it('follow a container to another host within two seconds', async () => {
    const [address = ''] = /172\.[\d.]+/.exec(await inside('client', 'nslookup', '-type=a', 'shop-web-1')) ?? [];
    const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
    const former = `02:42:${octets.join(':')} dev tsx4096 dst ${cluster.host('w1').address}`;
    assert.ok(cluster.host('m1').sh('bridge', 'fdb', 'show').includes(former), former);
    manager.write(
      'shop.yml',
      stack.replace('node.hostname==w1', 'node.hostname==w2').replace('#!/bin/sh', '#! /bin/sh'),
    );
    await manager.ok(['-f', 'shop.yml', 'up', '-d', '--wait']);
    const began = calmMs();
    await until(
      async () => cluster.host('m1').sh('bridge', 'fdb', 'show'),
      (table) => !table.includes(former),
    );
    assert.ok(calmMs() - began < 2000, `${calmMs() - began} ms`);
    // The container runs before its server listens.
    assert.match(await askInside('web'), /^web /m);
    // Each host is told by itself.
    const { address: here } = cluster.host('w1');
    await until(
      async () => ask('w1', here),
      (answer) => answer === `web ${here}`,
    );
  });

  it('go on when all daemons are gone, and are the same when they are back', async () => {
    for (const host of cluster.hosts) await host.killDaemon();
    assert.equal(get('w1', cluster.host('m1').address), `web ${cluster.host('w1').address}`);
    for (const host of cluster.hosts) await host.ok(['info', '--start']);
    assert.equal(get('w1', cluster.host('m1').address), `web ${cluster.host('w1').address}`);
    assert.match(await inside('client', 'wget', '-qO-', 'http://web/cgi-bin/who'), /^web /m);
  });

  it('leave nothing on any host when the stack has gone', async () => {
    await manager.ok(['-f', 'shop.yml', 'down', '-t', '0']);
    for (const host of cluster.hosts) {
      await until(
        async () => host.sh('ip', '-o', 'link'),
        (links) => !/ ts-| tsx/.test(links),
      );
      assert.throws(() => get(host.name, '127.0.0.1'));
    }
  });
});
