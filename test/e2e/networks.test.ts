import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { OutsideWorld } from '../support/outside-world.ts';
import { TestHost, until } from '../support/test-host.ts';
import { untilServing } from '../support/until-serving.ts';

/** Answers each client with the address that it sees it at; the image is the host's own programs. */
function server(protocol: 'tcp' | 'udp', port: number): string {
  const peer = join(import.meta.dirname, '../support/net-peer.ts');
  return `image: 'rootfs:///', command: ['${process.execPath}', '${peer}', serve, ${protocol}, '${port}']`;
}

const sleeper = 'image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 1s';

const stack = `
name: net
services:
  web:
    { ${server('tcp', 80)}, stop_grace_period: 0s, ports: ["8080:80", "127.0.0.1:8081:80", "192.0.2.2:8082:80", "8090-8099:80", "80"] }
  only-ephemeral: { ${server('tcp', 80)}, stop_grace_period: 0s, ports: ["80"] }
  pair: { ${server('udp', 53)}, stop_grace_period: 0s, ports: ["5300:53/udp", "5301-5302:53-54/udp"], networks: [default] }
  client: { ${sleeper} }
  two:
    { ${sleeper}, networks: { default: { aliases: [second, Both] }, side: { aliases: [second-side], ipv4_address: 10.77.0.50 } } }
  named: { ${sleeper}, container_name: Own-Name, networks: [side] }
  hidden: { ${sleeper}, networks: [inner] }
  hidden-server: { ${server('tcp', 80)}, stop_grace_period: 0s, networks: [inner] }
  many: { ${sleeper}, scale: 3 }
  extra: { ${sleeper}, extra_hosts: ["host.test:host-gateway", "fixed.test:192.0.2.77"] }
  asked: { ${sleeper}, dns: [192.0.2.54], dns_search: [example.test] }
  none: { ${sleeper}, network_mode: none }
  host: { ${sleeper}, network_mode: host }
  joined: { ${sleeper}, network_mode: "service:web", restart: always }
networks:
  side: { ipam: { config: [{ subnet: 10.77.0.0/24 }] } }
  inner: { internal: true }
`;

const otherStack = `
name: other
services:
  web: { ${server('tcp', 80)}, stop_grace_period: 0s }
  client: { ${sleeper} }
`;

describe('networks', () => {
  const host = new TestHost();
  const pids = new Map<string, number>();
  let world: OutsideWorld;
  let file = '';
  let otherFile = '';

  /** Asks tsstack only for containers that it does not know yet, or no more. */
  async function pidOf(container: string, stackFile = file): Promise<number> {
    const known = pids.get(container);
    if (known !== undefined && existsSync(`/proc/${known}/exe`)) return known;
    for (const [name, pid] of Object.entries(await host.pids(stackFile))) pids.set(name, pid);
    return pids.get(container) ?? assert.fail(`${container} does not run`);
  }
  async function addressOf(container: string, stackFile = file): Promise<string> {
    const output = await world.run(await pidOf(container, stackFile), 'ip', '-4', '-o', 'address', 'show', 'eth0');
    return /inet ([\d.]+)/.exec(output)?.[1] ?? assert.fail(`${container} has no address: ${output}`);
  }
  async function resolve(from: string, name: string, protocol: 'udp' | 'tcp' = 'udp'): Promise<readonly string[]> {
    return (await world.lookUp(await pidOf(from), name, protocol)).answers.toSorted();
  }
  /** Ports of the host that lead to port 80 of web, as ps tells. */
  async function publishedPorts(): Promise<readonly number[]> {
    const { stdout } = await host.ok(['-f', file, 'ps', '--format', 'json', 'web']);
    const { Publishers } = JSON.parse(stdout) as { Publishers: readonly { PublishedPort: number }[] };
    return Publishers.map(({ PublishedPort }) => PublishedPort);
  }
  const inFile = async (container: string, path: string): Promise<string> =>
    readFileSync(`/proc/${await pidOf(container)}/root${path}`, 'utf8');

  before(async () => {
    world = await OutsideWorld.create();
    for (const address of ['192.0.2.53', '192.0.2.54']) await world.serve('outside', 'name-server', address);
    await world.serve('outside', 'serve', 'tcp', '7000');
    // The resolver of this host, for the test's mount namespace alone.
    const resolver = host.write('resolv.conf', 'nameserver 192.0.2.53\nsearch corp.test\noptions timeout:3\n');
    execFileSync('mount', ['--bind', resolver, '/etc/resolv.conf']);
    const image = await busyboxImage();
    await host.ok(['load', '-i', image.dockerArchive]);
    file = host.write('stack.yml', stack);
    otherFile = host.write('other.yml', otherStack);
    await host.ok(['-f', file, 'up', '-d']);
    await host.ok(['-f', otherFile, 'up', '-d']);
    await untilServing(host, file, 4);
    await untilServing(host, otherFile, 1);
  });
  after(async () => {
    try {
      await host.stop();
    } finally {
      execFileSync('umount', ['/etc/resolv.conf']);
      await world.close();
    }
  });

  describe('names at 127.0.0.11', () => {
    for (const protocol of ['udp', 'tcp'] as const) {
      it(`are those of services, containers and aliases, alone and with the network's name (${protocol})`, async () => {
        const web = await addressOf('net-web-1');
        for (const name of ['web', 'net-web-1', 'web.net_default', 'net-web-1.net_default', 'WEB', 'web.']) {
          assert.deepEqual(await resolve('net-client-1', name, protocol), [web], name);
        }
        const two = await addressOf('net-two-1');
        for (const name of ['two', 'second', 'both', 'second.net_default']) {
          assert.deepEqual(await resolve('net-client-1', name, protocol), [two], name);
        }
      });
      it(`that are no names of ours are asked of the host's server (${protocol})`, async () => {
        assert.deepEqual(await resolve('net-client-1', 'elsewhere.example', protocol), ['203.0.113.9']);
      });
    }
    it('are found by programs of a container', async () => {
      const { stdout } = await host.ok(['-f', file, 'exec', '-T', 'client', 'nslookup', 'web.']);
      assert.match(stdout, new RegExp(`Server:\\s+127\\.0\\.0\\.11[^]*${await addressOf('net-web-1')}`));
    });
    it('are those of the own networks only', async () => {
      assert.deepEqual(await resolve('Own-Name', 'second-side'), ['10.77.0.50']);
      // The forwarder answers everything with 203.0.113.9: it has been asked, so that the name is not known here.
      assert.deepEqual(await resolve('Own-Name', 'web'), ['203.0.113.9']);
      assert.deepEqual(await resolve('net-client-1', 'second-side'), ['203.0.113.9']);
    });
    it('include container_name in any case', async () => {
      assert.equal((await resolve('net-two-1', 'own-name')).length, 1);
      assert.deepEqual(await resolve('net-two-1', 'OWN-NAME.net_side'), await resolve('net-two-1', 'named'));
    });
    it('stand for every container of a service', async () => {
      const all = await Promise.all([1, 2, 3].map((slot) => addressOf(`net-many-${slot}`)));
      assert.deepEqual(await resolve('net-client-1', 'many'), all.toSorted());
    });
    it('go with a container that stops, and come back with it', async () => {
      await host.ok(['-f', file, 'stop', '-t', '0', 'pair']);
      // Its end is told while its names are being taken away.
      await until(
        () => resolve('net-client-1', 'pair'),
        (answers) => answers.join() === '203.0.113.9',
      );
      await host.ok(['-f', file, 'start', 'pair']);
      assert.deepEqual(await resolve('net-client-1', 'pair'), [await addressOf('net-pair-1')]);
    });
    it('end at the edge of an internal network', async () => {
      const reply = await world.lookUp(await pidOf('net-hidden-1'), 'elsewhere.example');
      assert.deepEqual([reply.answers, reply.code], [[], 3]);
    });
    it('are asked of the servers that `dns` names', async () => {
      // 192.0.2.53 fails for these names, .54 answers.
      assert.deepEqual(await resolve('net-asked-1', 'broken.example'), ['203.0.113.9']);
    });
    it('are unknown where the server says so, and a failure where no server answers', async () => {
      const client = await pidOf('net-client-1');
      const codes = await Promise.all(
        ['absent.example', 'broken.example'].map(async (name) => (await world.lookUp(client, name)).code),
      );
      assert.deepEqual(codes, [3, 2]);
    });
    it('are what /etc/resolv.conf says', async () => {
      assert.equal(
        await inFile('net-client-1', '/etc/resolv.conf'),
        'nameserver 127.0.0.11\nsearch corp.test\noptions timeout:3 ndots:0\n',
      );
      assert.equal(
        await inFile('net-asked-1', '/etc/resolv.conf'),
        'nameserver 127.0.0.11\nsearch example.test\noptions timeout:3 ndots:0\n',
      );
      assert.equal(
        await inFile('net-host-1', '/etc/resolv.conf'),
        'nameserver 192.0.2.53\nsearch corp.test\noptions timeout:3\n',
      );
    });
  });

  describe('traffic', () => {
    it('flows between containers of a network, with their own addresses', async () => {
      const answer = await world.ask(await pidOf('net-client-1'), 'tcp', await addressOf('net-web-1'), 80);
      assert.equal(answer, await addressOf('net-client-1'));
    });
    it('has the static address', async () => {
      const addresses = await world.run(await pidOf('net-two-1'), 'ip', '-4', '-o', 'address');
      assert.match(addresses, /inet 10\.77\.0\.50\/24/);
      assert.match(
        await world.run(await pidOf('Own-Name'), 'busybox', 'ping', '-c1', '-W2', '10.77.0.50'),
        / 1 packets received/,
      );
    });
    it('does not cross networks or stacks', async () => {
      const web = await addressOf('net-web-1');
      const otherWeb = await addressOf('other-web-1', otherFile);
      const crossings = [
        [await pidOf('Own-Name'), web],
        [await pidOf('other-client-1', otherFile), web],
        [await pidOf('net-client-1'), otherWeb],
      ] as const;
      await Promise.all(
        crossings.map(([from, to]) => assert.rejects(world.ask(from, 'tcp', to, 80), /no answer/, `${from} to ${to}`)),
      );
      // The same server answers its own network.
      const client = await pidOf('other-client-1', otherFile);
      assert.equal(await world.ask(client, 'tcp', otherWeb, 80), await addressOf('other-client-1', otherFile));
    });
    it('from outside reaches no port that is not published', async () => {
      const web = await addressOf('net-web-1');
      await world.run('outside', 'ip', 'route', 'add', `${web}/32`, 'via', world.hostAddress);
      await assert.rejects(world.ask('outside', 'tcp', web, 80), /no answer/);
    });
    it('goes out with the address of the host', async () => {
      const client = await pidOf('net-client-1');
      assert.equal(await world.ask(client, 'tcp', world.address, 7000), world.hostAddress);
    });
    it('stays inside internal networks', async () => {
      const hidden = await pidOf('net-hidden-1');
      await assert.rejects(world.ask(hidden, 'tcp', world.address, 7000));
      const hiddenServer = await addressOf('net-hidden-server-1');
      assert.equal(await world.ask(hidden, 'tcp', hiddenServer, 80), await addressOf('net-hidden-1'));
    });
  });

  describe('published ports', () => {
    it('are reached from outside and see the address of the client', async () => {
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8080), world.address);
      assert.equal(await world.ask('outside', 'udp', world.hostAddress, 5300), world.address);
      assert.equal(await world.ask('outside', 'udp', world.hostAddress, 5301), world.address);
    });
    it('are reached at 127.0.0.1 and at the address of the host', async () => {
      for (const address of ['127.0.0.1', world.hostAddress]) {
        assert.match(await world.ask('host', 'tcp', address, 8080), /^[\d.]+$/);
        assert.match(await world.ask('host', 'udp', address, 5300), /^[\d.]+$/);
      }
    });
    it('are reached from containers of this and of other stacks, and from the container itself', async () => {
      for (const pid of [
        await pidOf('net-client-1'),
        await pidOf('other-client-1', otherFile),
        await pidOf('net-web-1'),
      ]) {
        assert.match(await world.ask(pid, 'tcp', world.hostAddress, 8080), /^[\d.]+$/);
      }
    });
    it('answer at their host_ip only', async () => {
      assert.match(await world.ask('host', 'tcp', '127.0.0.1', 8081), /^[\d.]+$/);
      await assert.rejects(world.ask('outside', 'tcp', world.hostAddress, 8081));
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8082), world.address);
      await assert.rejects(world.ask('host', 'tcp', '127.0.0.1', 8082));
    });
    it('are of the kernel’s choosing or the first free one of a range, and `port` tells', async () => {
      const ports = await publishedPorts();
      assert.ok(ports.includes(8090), `the range begins at 8090: ${ports.join()}`);
      const ephemeral = ports.find((port) => ![8080, 8081, 8082, 8090].includes(port));
      assert.ok(ephemeral !== undefined && ephemeral > 1023, ports.join());
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, ephemeral), world.address);
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8090), world.address);
      const { stdout } = await host.ok(['-f', file, 'port', 'only-ephemeral', '80']);
      const told = /^0\.0\.0\.0:(\d+)\n$/.exec(stdout)?.[1] ?? assert.fail(stdout);
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, Number(told)), world.address);
    });
  });

  describe('network modes', () => {
    it('none has the loopback alone', async () => {
      const links = await world.run(await pidOf('net-none-1'), 'ip', '-o', 'link');
      assert.match(links, /^1: lo: .*$/);
    });
    it('host is the network of the host', async () => {
      assert.match(await world.run(await pidOf('net-host-1'), 'ip', '-o', 'link', 'show', 'up0'), /up0/);
    });
    it('service:web shares the network of web, also after web was restarted and recreated', async () => {
      const same = async (): Promise<boolean> => {
        const joined = await pidOf('net-joined-1');
        return (await world.run(joined, 'ip', '-o', '-4', 'address')).includes(await addressOf('net-web-1'));
      };
      assert.ok(await same());
      assert.equal(await world.ask(await pidOf('net-joined-1'), 'tcp', '127.0.0.1', 80), '127.0.0.1');
      await host.ok(['-f', file, 'restart', '-t', '0', 'web']);
      assert.ok(await same());
      await host.ok(['-f', file, 'up', '-d', '--force-recreate', '--no-deps', 'web']);
      // It is between two runs for a moment.
      await until(() => same().catch(() => false), Boolean);
      const joined = await pidOf('net-joined-1');
      await until(
        () => world.ask(joined, 'tcp', '127.0.0.1', 80).catch(() => ''),
        (answer) => answer === '127.0.0.1',
      );
    });
    it('extra_hosts knows the host as host-gateway', async () => {
      const hosts = await inFile('net-extra-1', '/etc/hosts');
      assert.match(hosts, /^192\.0\.2\.77\tfixed\.test$/m);
      const gateway = /^([\d.]+)\thost\.test$/m.exec(hosts)?.[1] ?? assert.fail(hosts);
      await world.serve('host', 'serve', 'tcp', '7001');
      assert.equal(await world.ask(await pidOf('net-extra-1'), 'tcp', gateway, 7001), await addressOf('net-extra-1'));
    });
  });

  describe('while the daemon is dead', () => {
    it('names, connections and published ports go on, and are the same after its return', async () => {
      const [client, web] = [await pidOf('net-client-1'), await addressOf('net-web-1')];
      const ports = await publishedPorts();
      await host.killDaemon();
      assert.deepEqual((await world.lookUp(client, 'web')).answers, [web]);
      assert.deepEqual((await world.lookUp(client, 'elsewhere.example')).answers, ['203.0.113.9']);
      assert.match(await world.ask(client, 'tcp', web, 80), /^[\d.]+$/);
      for (const port of ports.filter((candidate) => candidate !== 8081)) {
        assert.equal(await world.ask('outside', 'tcp', world.hostAddress, port), world.address);
      }
      await host.ok(['-f', file, 'up', '-d']);
      assert.deepEqual(await publishedPorts(), ports);
      assert.equal(await pidOf('net-client-1'), client);
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, ports.at(-1) ?? 0), world.address);
    });
  });

  describe('down', () => {
    it('frees the ports', async () => {
      await host.ok(['-f', file, 'down', '-t', '0']);
      await assert.rejects(world.ask('outside', 'tcp', world.hostAddress, 8080), /ECONNREFUSED/);
      await world.serve('host', 'serve', 'tcp', '8080');
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8080), world.address);
    });
  });
});
