import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestCluster, type ClusterHost } from '../support/test-cluster.ts';
import { until } from '../support/test-host.ts';

const container = 'image: busybox:test\n    init: true\n    command: sleep 100000';
const on = (host: string): string => `deploy: { placement: { constraints: ["node.hostname==${host}"] } }`;

const stack = `
name: names
services:
  client:
    ${container}
    networks: { both: { ipv4_address: 10.55.0.77 }, vault: {} }
    ${on('m1')}
  many:
    ${container}
    networks: [both]
    deploy: { replicas: 3, endpoint_mode: dnsrr }
  six:
    ${container}
    networks: { both: { ipv4_address: 10.55.0.50, ipv6_address: "fd55::50" } }
    ${on('w1')}
  hidden:
    ${container}
    networks: [vault]
    ${on('w1')}
  stranger:
    ${container}
    networks: [apart]
    ${on('w1')}
  sick:
    ${container}
    networks: { both: { aliases: [group] } }
    healthcheck: { test: ["CMD", "false"], interval: 1s, retries: 100 }
    ${on('w1')}
  sound:
    ${container}
    networks: { both: { aliases: [group] } }
    ${on('w1')}
networks:
  both: { enable_ipv6: true, ipam: { config: [{ subnet: 10.55.0.0/24 }, { subnet: "fd55::/64" }] } }
  vault: { internal: true }
  apart: {}
`;

const crowd = (replicas: number): string => `
name: crowd
services:
  one: { image: "busybox:test", init: true, command: sleep 100000, networks: [small], deploy: { replicas: ${replicas} } }
networks: { small: { ipam: { config: [{ subnet: 10.56.0.0/29 }] } } }
`;

describe('names and addresses in a cluster', () => {
  let cluster: TestCluster;
  let manager: ClusterHost;

  const inside = async (service: string, ...command: readonly string[]): Promise<string> =>
    (await manager.run(['-f', 'names.yml', 'exec', '-T', service, ...command])).stdout;
  const lookUp = (name: string, type = 'a'): Promise<string> => inside('client', 'nslookup', `-type=${type}`, name);
  const reaches = async (from: string, to: string): Promise<boolean> =>
    (await inside(from, 'ping', '-c', '1', '-W', '5', to)).includes('1 packets received');

  before(async () => {
    cluster = await TestCluster.create('m1', 'w1');
    manager = cluster.host('m1');
    const image = await busyboxImage();
    for (const host of cluster.hosts) await host.ok(['load', '-i', image.dockerArchive]);
    const { stdout } = await manager.ok(['cluster', 'init']);
    const token = /--token (\S+) /.exec(stdout)?.[1] ?? assert.fail(stdout);
    await cluster.host('w1').ok(['cluster', 'join', '--token', token, manager.address]);
    await manager.ok(['-f', manager.write('names.yml', stack), 'up', '-d']);
    await until(
      () => lookUp('tasks.many'),
      (answer) => (answer.match(/10\.55\.0\.\d+/g) ?? []).length === 3,
    );
    for (const service of ['six', 'hidden', 'sick', 'sound'])
      await until(
        () => lookUp(`names-${service}-1`),
        (answer) => /^Name:/m.test(answer),
      );
  });
  after(() => cluster.stop('m1'));

  it('of a service with dnsrr are those of its containers on all hosts', async () => {
    const addresses = (await lookUp('many')).match(/10\.55\.0\.\d+/g) ?? [];
    assert.equal(new Set(addresses).size, 3);
    for (const address of addresses) assert.ok(await reaches('client', address), address);
  });

  it('are of both families, and fixed where the file fixes them; what has no address of a family is known all the same', async () => {
    assert.match(await lookUp('six'), /10\.55\.0\.50/);
    assert.match(await lookUp('six', 'aaaa'), /fd55::50/);
    assert.ok(await reaches('client', 'fd55::50'));
    assert.ok(await reaches('six', '10.55.0.77'));
    assert.match(await inside('client', 'nslookup', '10.55.0.50'), /names-six-1/);
    const none = await manager.run(['-f', 'names.yml', 'exec', '-T', 'client', 'nslookup', '-type=aaaa', 'hidden']);
    assert.doesNotMatch(none.stdout, /NXDOMAIN|SERVFAIL/);
  });

  it('lead to what is healthy, and to what is not only by its own name and while nothing else is', async () => {
    const own = /10\.55\.0\.\d+/.exec(await lookUp('names-sick-1'))?.[0] ?? assert.fail();
    assert.doesNotMatch(await lookUp('group'), new RegExp(own.replaceAll('.', '\\.')));
    assert.match(await lookUp('sick'), new RegExp(own.replaceAll('.', '\\.')));
  });

  it('reach over internal networks, and not from one network to another', async () => {
    assert.ok(await reaches('client', 'hidden'));
    const stranger =
      /172\.\d+\.\d+\.\d+/.exec(await inside('stranger', 'ip', '-4', 'address', 'show', 'eth0'))?.[0] ?? '';
    assert.notEqual(stranger, '');
    assert.equal(await reaches('client', stranger), false);
    assert.doesNotMatch(await lookUp('stranger'), /172\.\d+/);
  });

  it('that a subnet has no more of are waited for, and taken as soon as some are free', async () => {
    const file = manager.write('crowd.yml', crowd(8));
    const waiting = manager.spawn(['-f', file, 'up', '-d']);
    const states = async (): Promise<readonly string[]> => (await manager.ps('crowd.yml')).map(({ State }) => State);
    await until(states, (all) => all.filter((state) => state === 'running').length === 5);
    const { stdout } = await manager.ok(['-f', file, 'ps', '-a', '--format', 'json']);
    assert.match(stdout, /no free address left in 10\.56\.0\.0\/29/);
    waiting.kill();
    manager.write('crowd.yml', crowd(4));
    await manager.ok(['-f', file, 'up', '-d', '--wait']);
    assert.deepEqual(await states(), ['running', 'running', 'running', 'running']);
  });

  it('of a network that is to be encrypted are refused where no kernel can do that, and why is said', async () => {
    const file = manager.write(
      'secret.yml',
      'name: secret\nservices: { a: { image: "busybox:test", command: sleep 100000, init: true } }\nnetworks: { default: { driver: overlay, driver_opts: { encrypted: "" } } }\n',
    );
    const { stdout } = await manager.ok(['info', '--format', 'json']);
    const { kernelFeatures } = (JSON.parse(stdout) as { node: { kernelFeatures: Record<string, string> } }).node;
    const isAble = [kernelFeatures['ipsec-esp'], kernelFeatures['aes-gcm']].every((state) => state !== 'missing');
    const shown = (await manager.ok(['info'])).stdout;
    assert.match(shown, isAble ? /^Encryption: +(IPsec|WireGuard to)/m : /^Encryption: +the kernel cannot/m);
    const ids = (await manager.ok(['node', 'ls', '-q'])).stdout.trim().split('\n');
    const nodes = JSON.parse((await manager.ok(['node', 'inspect', ...ids])).stdout) as { encryption: string }[];
    assert.ok(nodes.length > 1);
    for (const node of nodes) assert.match(node.encryption, isAble ? /^(ipsec|wireguard)$/ : /^none$/);
    const { code, stderr } = await manager.run(['-f', file, 'up', '-d']);
    assert.equal(code, isAble ? 0 : 1, stderr);
    if (isAble) await manager.ok(['-f', file, 'down', '-t', '0']);
    else assert.match(stderr, /network secret_default: no host can encrypt what it sends to another one/);
  });

  it('of encrypted networks get new keys when that is asked for, but not faster than all hosts hear of them', async () => {
    const { stderr } = await manager.ok(['cluster', 'key', 'rotate']);
    assert.match(stderr, /go on with their next keys \(number 2\)/);
    const again = await manager.run(['cluster', 'key', 'rotate']);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /not every node may have heard of those before[^]*try again in \d s/);
  });
});
