import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { OutsideWorld } from '../support/outside-world.ts';
import { TestHost } from '../support/test-host.ts';
import { untilServing } from '../support/until-serving.ts';

/** Answers each client with the address that it sees it at; the image is the host's own programs. */
function server(protocol: 'tcp' | 'udp', port: number): string {
  const peer = join(import.meta.dirname, '../support/net-peer.ts');
  return `image: 'rootfs:///', command: ['${process.execPath}', '${peer}', serve, ${protocol}6, '${port}'], stop_grace_period: 0s`;
}

const sleeper = 'image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 0s';

const stack = `
name: six
services:
  web: { ${server('tcp', 80)}, ports: ["8080:80", "[2001:db8::2]:8082:80", "127.0.0.1:8083:80", "80"], networks: { dual: { aliases: [front], ipv6_address: "fd00:77::50" } } }
  udp: { ${server('udp', 53)}, ports: ["5300:53/udp"], networks: [dual] }
  only: { ${server('tcp', 80)}, ports: ["8084:80"], networks: [only], extra_hosts: ["host.test:host-gateway", "six.test:[2001:db8::77]"] }
  client: { ${sleeper}, networks: [dual] }
  only-client: { ${sleeper}, networks: [only] }
  hidden: { ${sleeper}, networks: [inner] }
  hidden-server: { ${server('tcp', 80)}, networks: [inner] }
  four: { ${sleeper}, networks: [four] }
  pools: { ${sleeper}, networks: [pools], scale: 3 }
networks:
  dual: { enable_ipv6: true, ipam: { config: [{ subnet: "fd00:77::/64", gateway: "fd00:77::9" }] } }
  only: { enable_ipv4: false, enable_ipv6: true }
  inner: { enable_ipv6: true, internal: true }
  four: {}
  pools:
    enable_ipv6: true
    ipam:
      config:
        - { subnet: 10.78.0.0/24, ip_range: 10.78.0.128/31, aux_addresses: { printer: 10.78.0.128 } }
        - { subnet: 10.78.1.0/24 }
        - { subnet: "fd00:78::/64", ip_range: "fd00:78::100/120" }
`;

describe('IPv6', () => {
  const host = new TestHost();
  let world: OutsideWorld;
  let file = '';
  let pids: Readonly<Record<string, number>> = {};

  const pidOf = (container: string): number => pids[container] ?? assert.fail(`${container} does not run`);
  async function addressesOf(container: string): Promise<readonly string[]> {
    const output = await world.run(pidOf(container), 'ip', '-6', '-o', 'address', 'show', 'scope', 'global');
    return Array.from(output.matchAll(/inet6 ([\da-f:]+)\//g), ([, address]) => address ?? '');
  }
  async function addressOf(container: string): Promise<string> {
    return (await addressesOf(container))[0] ?? assert.fail(`${container} has no IPv6 address`);
  }
  const resolve = async (from: string, name: string): Promise<readonly string[]> =>
    (await world.lookUp(pidOf(from), name, 'udp', 'AAAA')).answers.toSorted();

  before(async () => {
    world = await OutsideWorld.create();
    await world.connectIpv6();
    await world.serve('outside', 'serve', 'tcp6', '7000');
    const image = await busyboxImage();
    await host.ok(['load', '-i', image.dockerArchive]);
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d']);
    await untilServing(host, file, 4);
    pids = await host.pids(file);
  });
  after(async () => {
    try {
      await host.stop();
    } finally {
      await world.close();
    }
  });

  describe('addresses', () => {
    it('are the given ones, of the given subnets, without a wait for duplicates', async () => {
      assert.deepEqual(await addressesOf('six-web-1'), ['fd00:77::50']);
      const output = await world.run(pidOf('six-web-1'), 'ip', '-6', '-o', 'address', 'show', 'scope', 'global');
      assert.match(output, /fd00:77::50\/64 scope global nodad/);
      assert.match(await world.run(pidOf('six-web-1'), 'ip', '-6', 'route', 'show', 'default'), /via fd00:77::9 /);
    });
    it('are unique local ones where the file has none, on a network of their own', async () => {
      const [only, inner] = [await addressOf('six-only-1'), await addressOf('six-hidden-1')];
      for (const address of [only, inner]) assert.match(address, /^fd[\da-f]{2}:/);
      const prefix = (address: string): string => address.split('::')[0] ?? '';
      assert.notEqual(prefix(only), prefix(inner));
    });
    it('are of IPv6 alone with enable_ipv4: false', async () => {
      const addresses = await world.run(pidOf('six-only-1'), 'ip', '-o', 'address', 'show', 'dev', 'eth0');
      assert.doesNotMatch(addresses, /inet /);
      assert.equal(await world.run(pidOf('six-only-1'), 'ip', '-4', 'route'), '');
    });
    it('are none on a network without IPv6', async () => {
      assert.equal(await world.run(pidOf('six-four-1'), 'ip', '-6', '-o', 'address', 'show', 'dev', 'eth0'), '');
    });
    it('come from the ranges of several pools, and leave out what is reserved', async () => {
      const ipv4: string[] = [];
      for (const slot of [1, 2, 3]) {
        const output = await world.run(pidOf(`six-pools-${slot}`), 'ip', '-4', '-o', 'address', 'show', 'eth0');
        ipv4.push(/inet ([\d./]+)/.exec(output)?.[1] ?? '');
        assert.match(await addressOf(`six-pools-${slot}`), /^fd00:78::1[\da-f]{2}$/);
      }
      assert.equal(ipv4.filter((address) => address === '10.78.0.129/24').length, 1);
      assert.equal(ipv4.filter((address) => /^10\.78\.1\.\d+\/24$/.test(address)).length, 2, ipv4.join());
      const [first = '', ...others] = ipv4.toSorted();
      const from = pidOf(`six-pools-${ipv4.indexOf(others[0] ?? '') + 1}`);
      const ping = await world.run(from, 'busybox', 'ping', '-c1', '-W2', first.split('/')[0] ?? '');
      assert.match(ping, / 1 packets received/, 'the pools are on one wire');
    });
    it('are in /etc/hosts, with extra_hosts', () => {
      const hosts = readFileSync(`/proc/${pidOf('six-only-1')}/root/etc/hosts`, 'utf8');
      assert.match(hosts, /^fd[\da-f:]+\thost\.test$/m);
      assert.match(hosts, /^2001:db8::77\tsix\.test$/m);
    });
  });

  describe('names', () => {
    it('have AAAA records, also aliases', async () => {
      for (const name of ['web', 'front', 'six-web-1', 'web.six_dual']) {
        assert.deepEqual(await resolve('six-client-1', name), ['fd00:77::50'], name);
      }
      assert.deepEqual(await resolve('six-only-client-1', 'only'), [await addressOf('six-only-1')]);
    });
    it('have no record of a family that the network lacks, and exist', async () => {
      const reply = await world.lookUp(pidOf('six-only-client-1'), 'only', 'udp', 'A');
      assert.deepEqual([reply.code, reply.answers], [0, []]);
    });
  });

  describe('traffic', () => {
    it('flows between containers of a network', async () => {
      const [web, client] = [await addressOf('six-web-1'), await addressOf('six-client-1')];
      assert.equal(await world.ask(pidOf('six-client-1'), 'tcp', web, 80), client);
      const hiddenServer = await addressOf('six-hidden-server-1');
      assert.equal(await world.ask(pidOf('six-hidden-1'), 'tcp', hiddenServer, 80), await addressOf('six-hidden-1'));
    });
    it('goes out with the address of the host', async () => {
      for (const container of ['six-client-1', 'six-only-client-1']) {
        assert.equal(await world.ask(pidOf(container), 'tcp', world.address6, 7000), world.hostAddress6);
      }
    });
    it('neither crosses networks nor leaves an internal one', async () => {
      const only = await addressOf('six-only-1');
      await assert.rejects(world.ask(pidOf('six-client-1'), 'tcp', only, 80), /no answer/);
      await assert.rejects(world.ask(pidOf('six-hidden-1'), 'tcp', world.address6, 7000));
    });
    it('from outside reaches no port that is not published', async () => {
      const web = await addressOf('six-web-1');
      await world.run('outside', 'ip', '-6', 'route', 'add', `${web}/128`, 'via', world.hostAddress6);
      await assert.rejects(world.ask('outside', 'tcp', web, 80), /no answer/);
    });
  });

  describe('published ports', () => {
    it('are reached from outside and see the address of the client', async () => {
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress6, 8080), world.address6);
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress6, 8084), world.address6);
      assert.equal(await world.ask('outside', 'udp', world.hostAddress6, 5300), world.address6);
    });
    it('are the same number in both families', async () => {
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8080), `::ffff:${world.address}`);
      const { stdout } = await host.ok(['-f', file, 'ps', '--format', 'json', 'web']);
      const { Publishers } = JSON.parse(stdout) as {
        Publishers: readonly { URL: string; PublishedPort: number }[];
      };
      const numbers = (url: string): readonly number[] =>
        Publishers.filter(({ URL }) => URL === url).map(({ PublishedPort }) => PublishedPort);
      assert.deepEqual(numbers('::'), numbers('0.0.0.0'));
      assert.equal(numbers('::').length, 2, 'the given one and the chosen one');
    });
    it('answer at their host_ip only', async () => {
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress6, 8082), world.address6);
      await assert.rejects(world.ask('outside', 'tcp', world.hostAddress6, 8083));
    });
    it('are refused at once at ::1, so that clients of localhost go on to 127.0.0.1', async () => {
      await assert.rejects(world.ask('host', 'tcp', '::1', 8080), /ECONNREFUSED/);
      assert.match(await world.ask('host', 'tcp', 'localhost', 8080), /^::ffff:/);
    });
    it('are reached from the host and from containers, also from the own network', async () => {
      for (const place of ['host' as const, pidOf('six-only-client-1'), pidOf('six-client-1'), pidOf('six-web-1')]) {
        assert.match(await world.ask(place, 'tcp', world.hostAddress6, 8080), /^[\da-f:]+$/);
      }
    });
  });

  it('is had by networks that `network create` makes, and by the stacks that refer to them', async () => {
    const subnets = ['--subnet', '10.80.0.0/24', '--subnet', 'fd00:80::/64', '--gateway', 'fd00:80::9'];
    await host.ok(['network', 'create', '--ipv6', ...subnets, 'made']);
    const text = `name: refers\nservices: { a: { ${sleeper}, networks: [made] } }\nnetworks: { made: { external: true } }\n`;
    const other = host.write('refers.yml', text);
    await host.ok(['-f', other, 'up', '-d']);
    const pid = (await host.pids(other))['refers-a-1'] ?? assert.fail('refers-a-1 does not run');
    assert.match(await world.run(pid, 'ip', '-6', 'route', 'show', 'default'), /via fd00:80::9 /);
    assert.match(await world.run(pid, 'ip', '-4', 'route', 'show', 'default'), /via 10\.80\.0\.1 /);
    await host.ok(['-f', other, 'down', '-t', '0']);
    await host.ok(['network', 'rm', 'made']);
  });
});
