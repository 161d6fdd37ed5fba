import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
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
const prefix = 'com.docker.network';

const stack = `
name: opt
services:
  placed:
    ${sleeper.replaceAll(', ', '\n    ')}
    mac_address: "02:00:00:00:00:AA"
    networks:
      one: { interface_name: front.1, link_local_ips: [169.254.7.7], driver_opts: { ${prefix}.endpoint.sysctls: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.rp_filter=2" } }
      two: { gw_priority: 5 }
      three: { priority: 9, mac_address: "02:00:00:00:00:aa" }
      four: { mac_address: "02-00-00-00-00-BB", driver_opts: { ${prefix}.endpoint.ifname: back } }
  db: { ${server('tcp', 80)}, networks: [one] }
  linked: { ${sleeper}, networks: [one], links: ["db:SQL"], external_links: ["opt-db-1:far"] }
  plain: { ${sleeper}, networks: [one] }
  apart: { ${sleeper}, networks: [apart] }
  apart-server: { ${server('tcp', 80)}, networks: [apart], ports: ["8090:80"] }
  tuned: { ${server('tcp', 80)}, networks: [tuned], ports: ["8091:80", "0.0.0.0:8092:80"] }
  routed: { ${server('tcp', 80)}, networks: [routed], ports: ["80"] }
  routed-closed: { ${server('tcp', 80)}, networks: [routed] }
  exposed: { ${server('tcp', 80)}, networks: [exposed] }
  isolated: { ${sleeper}, networks: [isolated] }
  wire: { ${server('tcp', 80)}, networks: [wire] }
  over: { ${sleeper}, networks: [over] }
  hosted: { ${sleeper}, networks: [hosted] }
  nothing: { ${sleeper}, networks: [nothing] }
  bridged: { ${sleeper}, network_mode: bridge }
  sctp: { ${sleeper}, networks: [one], ports: ["9000-9001:7000-7001/sctp", { target: 7002, protocol: sctp, mode: host, name: wire, app_protocol: s1ap }] }
networks:
  one: {}
  two: {}
  three: {}
  four: {}
  apart: { driver_opts: { ${prefix}.bridge.enable_icc: "false" } }
  tuned:
    attachable: true
    driver_opts:
      ${prefix}.bridge.name: tuned0
      ${prefix}.driver.mtu: 1400
      ${prefix}.bridge.host_binding_ipv4: 127.0.0.1
      ${prefix}.bridge.enable_ip_masquerade: "false"
      ${prefix}.container_iface_prefix: wire
  routed: { driver_opts: { ${prefix}.bridge.gateway_mode_ipv4: routed } }
  exposed: { driver_opts: { ${prefix}.bridge.gateway_mode_ipv4: nat-unprotected } }
  isolated: { internal: true, driver_opts: { ${prefix}.bridge.gateway_mode_ipv4: isolated } }
  wire:
    driver: macvlan
    driver_opts: { parent: up0, macvlan_mode: bridge }
    ipam: { config: [{ subnet: 192.0.2.0/24, ip_range: 192.0.2.128/25, gateway: 192.0.2.1 }] }
  over: { driver: overlay, attachable: true, driver_opts: { encrypted: "" } }
  hosted: { external: true, name: host }
  nothing: { driver: none }
`;

interface Link {
  readonly ifname: string;
  readonly address: string;
  readonly mtu: number;
  readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
}

describe('options of networks', () => {
  const host = new TestHost();
  let world: OutsideWorld;
  let file = '';
  let pids: Readonly<Record<string, number>> = {};

  const pidOf = (container: string): number => pids[`opt-${container}-1`] ?? assert.fail(`${container} does not run`);
  async function linksOf(place: number | 'host'): Promise<readonly Link[]> {
    return JSON.parse(await world.run(place, 'ip', '-j', 'address')) as Link[];
  }
  async function addressOf(container: string): Promise<string> {
    const links = await linksOf(pidOf(container));
    const link = links.find(({ ifname }) => ifname !== 'lo') ?? assert.fail(`${container} has no interface`);
    return link.addr_info.find(({ family }) => family === 'inet')?.local ?? assert.fail(`${container} has no address`);
  }
  const setting = (container: string, path: string): Promise<string> =>
    world.run(pidOf(container), 'cat', `/proc/sys/net/${path}`);

  before(async () => {
    world = await OutsideWorld.create();
    await world.serve('outside', 'serve', 'tcp', '7000');
    await world.serve('outside', 'name-server', world.nameServer);
    // The resolver of this host, for the test's mount namespace alone.
    const resolver = host.write('resolv.conf', `nameserver ${world.nameServer}\n`);
    execFileSync('mount', ['--bind', resolver, '/etc/resolv.conf']);
    const image = await busyboxImage();
    await host.ok(['load', '-i', image.dockerArchive]);
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d']);
    await untilServing(host, file, 7);
    pids = await host.pids(file);
  });
  after(async () => {
    try {
      await host.stop();
    } finally {
      execFileSync('umount', ['/etc/resolv.conf']);
      await world.close();
    }
  });

  describe('a place in a network', () => {
    it('has the name and the MAC that the file gives', async () => {
      const links = new Map((await linksOf(pidOf('placed'))).map((link) => [link.ifname, link]));
      assert.deepEqual([...links.keys()].sort(), ['back', 'eth0', 'eth1', 'front.1', 'lo']);
      assert.equal(links.get('back')?.address, '02:00:00:00:00:bb');
    });
    it('comes first by its priority, and has the MAC of the service then', async () => {
      const links = await linksOf(pidOf('placed'));
      const first = links.find(({ ifname }) => ifname === 'eth0');
      assert.equal(first?.address, '02:00:00:00:00:aa');
    });
    it('has the default route by its gw_priority', async () => {
      assert.match(await world.run(pidOf('placed'), 'ip', 'route', 'show', 'default'), / dev eth1 /);
    });
    it('has its link-local addresses', async () => {
      const links = await linksOf(pidOf('placed'));
      const found = links.find(({ ifname }) => ifname === 'front.1')?.addr_info.map(({ local }) => local);
      assert.ok(found?.includes('169.254.7.7') === true, String(found));
    });
    it('has the settings of its interface', async () => {
      assert.equal(await setting('placed', 'ipv4/conf/front.1/log_martians'), '1');
      assert.equal(await setting('placed', 'ipv4/conf/front.1/rp_filter'), '2');
      assert.equal(await setting('placed', 'ipv4/conf/eth0/log_martians'), '0');
    });
  });

  describe('links', () => {
    const resolve = async (from: string, name: string): Promise<readonly string[]> =>
      (await world.lookUp(pidOf(from), name)).answers;

    it('are names for the service that has them', async () => {
      for (const name of ['sql', 'SQL', 'far', 'db'])
        assert.deepEqual(await resolve('linked', name), [await addressOf('db')], name);
    });
    it('are unknown to others', async () => {
      // The name server outside answers everything with 203.0.113.9: it has been asked.
      assert.deepEqual(await resolve('plain', 'sql'), ['203.0.113.9']);
      assert.deepEqual(await resolve('plain', 'db'), [await addressOf('db')]);
    });
    it('to a container that is not there are refused', async () => {
      const broken = host.write(
        'broken.yml',
        `name: broken\nservices: { a: { ${sleeper}, external_links: [gone-1] } }\n`,
      );
      const { code, stderr } = await host.run(['-f', broken, 'up', '-d']);
      assert.notEqual(code, 0);
      assert.match(stderr, /container gone-1/);
    });
  });

  describe('a bridge', () => {
    it('without enable_icc keeps its containers apart, and publishes their ports', async () => {
      const address = await addressOf('apart-server');
      await assert.rejects(world.ask(pidOf('apart'), 'tcp', address, 80));
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8090), `::ffff:${world.address}`);
      assert.equal(await world.ask(pidOf('apart'), 'tcp', world.address, 7000), world.hostAddress);
    });
    it('has the name, the MTU and the interface prefix of its options', async () => {
      const links = await linksOf('host');
      assert.equal(links.find(({ ifname }) => ifname === 'tuned0')?.mtu, 1400);
      const [, own] = await linksOf(pidOf('tuned'));
      assert.deepEqual([own?.ifname, own?.mtu], ['wire0', 1400]);
    });
    it('publishes at host_binding_ipv4 what names no address', async () => {
      assert.match(await world.ask('host', 'tcp', '127.0.0.1', 8091), /[\d.]+$/);
      await assert.rejects(world.ask('outside', 'tcp', world.hostAddress, 8091));
      assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8092), `::ffff:${world.address}`);
    });
    it('without enable_ip_masquerade sends the addresses of its containers out', async () => {
      const address = await addressOf('tuned');
      await world.run('outside', 'ip', 'route', 'add', `${address}/32`, 'via', world.hostAddress);
      assert.equal(await world.ask(pidOf('tuned'), 'tcp', world.address, 7000), address);
    });
    it('that is routed lets the published ports in, untranslated, and no others', async () => {
      const [open, closed] = [await addressOf('routed'), await addressOf('routed-closed')];
      for (const address of [open, closed])
        await world.run('outside', 'ip', 'route', 'add', `${address}/32`, 'via', world.hostAddress);
      assert.equal(await world.ask('outside', 'tcp', open, 80), `::ffff:${world.address}`);
      await assert.rejects(world.ask('outside', 'tcp', closed, 80), /no answer/);
      assert.equal(await world.ask(pidOf('routed'), 'tcp', world.address, 7000), open);
    });
    it('that is unprotected lets everything in, and translates on the way out', async () => {
      const address = await addressOf('exposed');
      await world.run('outside', 'ip', 'route', 'add', `${address}/32`, 'via', world.hostAddress);
      assert.equal(await world.ask('outside', 'tcp', address, 80), `::ffff:${world.address}`);
      assert.equal(await world.ask(pidOf('exposed'), 'tcp', world.address, 7000), world.hostAddress);
    });
    it('that is isolated has no address of the host', async () => {
      const subnet = (await addressOf('isolated')).replace(/\.\d+$/, '.');
      const own = (await linksOf('host')).flatMap(({ addr_info: found }) => found.map(({ local }) => local));
      assert.deepEqual(
        own.filter((address) => address.startsWith(subnet)),
        [],
      );
    });
  });

  describe('drivers and modes', () => {
    it('overlay is a bridge on a lone host', async () => {
      assert.equal(await world.ask(pidOf('over'), 'tcp', world.address, 7000), world.hostAddress);
    });
    it('macvlan has an address and a MAC of its own on the wire of the host', async () => {
      const address = await addressOf('wire');
      assert.match(address, /^192\.0\.2\.(12[89]|1[3-9]\d|2\d\d)$/);
      assert.equal(await world.ask('outside', 'tcp', address, 80), `::ffff:${world.address}`);
      assert.equal(await world.ask(pidOf('wire'), 'tcp', world.address, 7000), address);
      const [, own] = await linksOf(pidOf('wire'));
      assert.match(await world.run('outside', 'ip', 'neigh', 'show', address), new RegExp(own?.address ?? 'none'));
      assert.match(await world.run(pidOf('wire'), 'ip', 'route', 'show', 'default'), /via 192\.0\.2\.1 /);
    });
    it('the networks host and none are the modes of these names', async () => {
      assert.match(await world.run(pidOf('hosted'), 'ip', '-o', 'link', 'show', 'up0'), /up0/);
      assert.match(await world.run(pidOf('nothing'), 'ip', '-o', 'link'), /^1: lo: .*$/);
    });
    it('network_mode bridge leads out, to a network apart from the others', async () => {
      assert.equal(await world.ask(pidOf('bridged'), 'tcp', world.address, 7000), world.hostAddress);
      await assert.rejects(world.ask(pidOf('bridged'), 'tcp', await addressOf('db'), 80), /no answer/);
    });
  });

  it('ports of SCTP are translated like others', async () => {
    const rules = await world.run('host', 'nft', 'list', 'ruleset');
    const address = (await addressOf('sctp')).replaceAll('.', '\\.');
    for (const [port, target] of [
      [9000, 7000],
      [9001, 7001],
    ]) {
      assert.match(rules, new RegExp(`sctp \\. ${port} : ${address} \\. ${target}`));
    }
    const { stdout } = await host.ok(['-f', file, 'port', '--protocol', 'sctp', 'sctp', '7002']);
    assert.match(stdout, /^0\.0\.0\.0:\d+\n$/);
  });

  describe('a changed network', () => {
    it('is made anew, with the containers that use it', async () => {
      const changed = host.write('stack.yml', stack.replace('driver.mtu: 1400', 'driver.mtu: 1300'));
      await host.ok(['-f', changed, 'up', '-d']);
      const before = pids;
      pids = await host.pids(changed);
      const replaced = Object.keys(pids).filter((name) => pids[name] !== before[name]);
      assert.deepEqual(replaced, ['opt-tuned-1']);
      const [, own] = await linksOf(pidOf('tuned'));
      assert.deepEqual([own?.ifname, own?.mtu], ['wire0', 1300]);
      assert.equal((await linksOf('host')).find(({ ifname }) => ifname === 'tuned0')?.mtu, 1300);
    });
    it('with the subnet that it had, too', async () => {
      const up = async (internal: boolean): Promise<number> => {
        const network = `{ internal: ${internal}, ipam: { config: [{ subnet: 10.79.0.0/24 }] } }`;
        const text = `name: fixed\nservices: { a: { ${sleeper} } }\nnetworks: { default: ${network} }\n`;
        const fixed = host.write('fixed.yml', text);
        await host.ok(['-f', fixed, 'up', '-d']);
        return (await host.pids(fixed))['fixed-a-1'] ?? assert.fail('fixed-a-1 does not run');
      };
      const before = await up(false);
      const after = await up(true);
      assert.notEqual(after, before);
      assert.equal(await world.run(after, 'ip', 'route', 'show', 'default'), '');
      assert.match(await world.run(after, 'ip', '-o', 'address', 'show', 'eth0'), /inet 10\.79\.0\.\d+\/24/);
    });
  });
});
