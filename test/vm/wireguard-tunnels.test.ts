/** Runs where the kernel has WireGuard: in the machine of vm-run. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { encryptedPort, wireguardPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { clearPacket, clearPacketsTakenIn } from '../support/clear-packet.ts';
import { EncryptedHost } from '../support/encrypted-host.ts';
import { networkObject } from '../support/network-lab.ts';
import { endpointTask, OverlayLab } from '../support/overlay-lab.ts';
import { TunnelWatch } from '../support/tunnel-watch.ts';
import { runCommand } from '../support/underlay.ts';

const secret: NetworkObject = { ...networkObject(1), vni: 4096 };
/** What is left of 1500 bytes by WireGuard and VXLAN over IPv6, and over IPv4. */
const mtus = { 4: 1390, 6: 1348 } as const;
/** For what is not answered. */
const impatient = ['-W', '0.4'] as const;
/** The first message of a handshake (Donenfeld, WireGuard, section 5.4.2), by its type. */
const greeting = `udp dport ${wireguardPort} @th,64,8 1`;

describe('hosts with WireGuard', function () {
  this.timeout(200_000);
  let lab: OverlayLab;
  let watch: TunnelWatch;
  /** The third one has none. */
  let hosts: readonly [EncryptedHost, EncryptedHost, EncryptedHost];
  const names = ['web', 'db', 'old'] as const;
  const tasks = names.map((name, index) => endpointTask(`n${index + 1}`, name, 10 + index, secret));

  const encrypt = async (): Promise<void> => {
    const [first, second, third] = hosts;
    await first.encrypt([second], [third]);
    await second.encrypt([first], [third]);
    await Promise.all([first.untilLed(1), second.untilLed(1)]);
  };
  const connect = async (family: 4 | 6): Promise<void> => {
    for (const host of hosts) host.family = family;
    const [first, second, third] = hosts;
    await encrypt();
    await third.encryptByEsp([first, second]);
    const places = tasks.map((task, index) => [task, hosts[index] ?? third] as const);
    for (const host of hosts) await host.connect(secret, mtus[family], places);
  };
  const device = async (host: EncryptedHost): Promise<unknown> => {
    const [link] = JSON.parse(await host.run('ip', '-j', 'link', 'show', host.link)) as [object];
    return link;
  };

  /** How many packets come to a host meanwhile, and how many pass the rules. */
  const look = async (host: EncryptedHost, match: string, action: () => Promise<void>): Promise<string> => {
    const chains = [
      `chain came {\ntype filter hook prerouting priority -400\n${match} counter\n}`,
      `chain passed {\ntype filter hook input priority 400\n${match} counter\n}`,
    ];
    await host.run('nft', `table inet look {\n${chains.join('\n')}\n}`);
    await action();
    const seen = await host.run('nft', 'list', 'table', 'inet', 'look');
    await host.run('nft', 'delete', 'table', 'inet', 'look');
    return seen;
  };

  before(async () => {
    lab = await OverlayLab.create(3);
    hosts = [1, 2, 3].map((number) => new EncryptedHost(lab.host(`n${number}`), number)) as unknown as typeof hosts;
    for (const [index, name] of names.entries()) await lab.addSandbox(`n${index + 1}`, name, 10 + index, secret);
    for (const host of hosts) await host.run('sysctl', '-w', 'net.ipv4.conf.all.rp_filter=1');
    watch = new TunnelWatch();
  });
  after(async () => {
    watch?.close();
    await lab?.close();
  });

  for (const family of [4, 6] as const)
    describe(`that reach each other by IPv${family}`, () => {
      const toSecond = (...args: readonly string[]): Promise<string> => hosts[0].ping('web', '172.30.1.11', ...args);
      const toThird = (): Promise<string> => hosts[0].ping('web', '172.30.1.12');

      it('know that they have it, and reach each other as soon as both have heard of the other', async () => {
        assert.deepEqual(await hosts[0].probe(), { available: true });
        await connect(family);
        await toSecond();
      });

      it('show an onlooker packets of WireGuard and nothing else, and those of ESP where the other has no WireGuard', async () => {
        // First, because some seconds after a packet hosts look whether the neighbour that it went to is still there.
        watch.take();
        await toSecond();
        const { wireguard, ...others } = watch.take();
        assert.ok(wireguard >= 2, `${wireguard}`);
        assert.deepEqual(others, { esp: 0, udp: 0, other: 0 });
        await toThird();
        const { esp, udp, other } = watch.take();
        assert.ok(esp >= 2, `${esp}`);
        assert.deepEqual({ udp, other }, { udp: 0, other: 0 });
      });

      it('send the largest packet in one piece, and no larger one', async () => {
        const payload = mtus[family] - 28;
        watch.take();
        await toSecond('-M', 'do', '-s', String(payload));
        await assert.rejects(toSecond(...impatient, '-M', 'do', '-s', String(payload + 1)));
        assert.equal(watch.take().udp, 0, 'a second piece has no port');
        const { mtu } = (await device(hosts[0])) as { mtu: number };
        assert.equal(mtu, family === 4 ? 1440 : 1420);
      });

      it('take nothing in clear, whoever seems to have sent it', async () => {
        const second = hosts[1];
        const packet = clearPacket(secret, 1);
        const [from, to] = [hosts[0].address, hosts[1].address];
        const length = family === 4 ? 32 : 128;
        runCommand('ip', 'address', 'add', `${from}/${length}`, 'dev', 'underlay', ...(family === 4 ? [] : ['nodad']));
        runCommand('ip', 'route', 'add', to, 'dev', 'underlay', 'src', from);
        let seen = '';
        const takenIn = await clearPacketsTakenIn(second.run.bind(second), secret, async () => {
          seen = await look(second, `iifname "eth0" udp dport ${encryptedPort}`, async () => {
            runCommand('bash', '-c', `for n in 1 2 3; do printf '${packet}' > /dev/udp/${to}/${encryptedPort}; done`);
          });
        });
        assert.match(seen, /came [^}]*packets 3 /);
        assert.equal(takenIn, 0);
        runCommand('ip', 'route', 'delete', to, 'dev', 'underlay', 'src', from);
        runCommand('ip', 'address', 'delete', `${from}/${length}`, 'dev', 'underlay');
        for (const host of hosts) await host.run('ip', 'neigh', 'flush', 'dev', 'eth0');
        await toSecond();
      });

      it('send nothing in clear when device, rules or routes are taken away, and go on when they are asked for again', async () => {
        const [first] = hosts;
        const [out, back] = first.tables;
        const removals = [
          ['ip', 'link', 'delete', first.link],
          ['ip', 'link', 'set', first.link, 'down'],
          ['ip', `-${family}`, 'route', 'flush', 'table', out],
          ['bash', '-c', `ip -${family} rule del lookup ${out}; ip -${family} rule del lookup ${back}`],
        ];
        for (const removal of removals) {
          await first.run(...removal);
          watch.take();
          await assert.rejects(toSecond(...impatient));
          const { udp, other } = watch.take();
          assert.deepEqual({ udp, other }, { udp: 0, other: 0 }, removal.join(' '));
          await encrypt();
          await toSecond();
        }
      });

      it('leave nothing', async () => {
        for (const host of hosts) await host.disconnect(secret);
        await hosts[0].stopWireguard();
        await hosts[0].stopEncrypting();
        await hosts[1].stopEncrypting();
        for (const host of hosts.slice(0, 2)) {
          assert.doesNotMatch(await host.run('ip', 'link'), /tswg/);
          assert.doesNotMatch(await host.run('nft', 'list', 'tables'), /ipsec|wireguard/);
          assert.equal(await host.run('ip', 'xfrm', 'policy'), '');
          assert.doesNotMatch(await host.run('bash', '-c', 'ip rule; ip -6 rule'), /dport|sport/);
        }
      });
    });

  describe('whatever they reach each other by', () => {
    const toSecond = (...args: readonly string[]): Promise<string> => hosts[0].ping('web', '172.30.1.11', ...args);

    before(() => connect(4));

    it('send nothing while there is nothing to send', async () => {
      await toSecond();
      // A keep-alive each second would be in each of these; a look whether the neighbour is still there comes once (5 s after the last packet).
      const seen = [];
      for (const _ of [1, 2, 3]) {
        watch.take();
        await new Promise((resolve) => setTimeout(resolve, 3000));
        seen.push(watch.take());
      }
      assert.ok(
        seen.some(({ wireguard, esp }) => wireguard + esp === 0),
        JSON.stringify(seen),
      );
    });

    it('take nothing but the tunnels from each other', async () => {
      const [first, second] = hosts;
      // What the other host's barrier would hold back.
      await second.run('nft', 'insert rule inet tsstack-wireguard-00c0ffee out udp dport 7777 accept');
      const own = ['dev', second.link, 'src', second.address, 'table', '7777'];
      await second.run('ip', `-4`, 'route', 'add', first.address, ...own);
      await second.run('ip', `-4`, 'rule', 'add', 'ipproto', 'udp', 'dport', '7777', 'lookup', '7777');
      const seen = await look(first, `iifname "${first.link}" udp dport 7777`, async () => {
        await second.run('bash', '-c', `printf x > /dev/udp/${first.address}/7777`);
      });
      await second.run('ip', `-4`, 'rule', 'delete', 'ipproto', 'udp', 'dport', '7777');
      assert.match(seen, /came [^}]*packets 1 [^]*passed [^}]*packets 0 /);
      await encrypt();
      await toSecond();
    });

    it('send nothing in clear when the rules beside are flushed with them', async () => {
      const [first] = hosts;
      await first.run('ip', 'link', 'delete', first.link);
      for (const chain of ['in', 'out'])
        await first.run('nft', 'flush', 'chain', 'inet', 'tsstack-ipsec-00c0ffee', chain);
      watch.take();
      await assert.rejects(toSecond(...impatient));
      const { udp, other } = watch.take();
      assert.deepEqual({ udp, other }, { udp: 0, other: 0 });
      await encrypt();
      await toSecond();
    });

    it('keep their sessions when they are asked again, and when tsstack-net has died', async () => {
      const host = lab.host('n1');
      const before = await device(hosts[0]);
      let seenByFirst = '';
      const seenBySecond = await look(hosts[1], greeting, async () => {
        seenByFirst = await look(hosts[0], greeting, async () => {
          await encrypt();
          const [pid = ''] = (await hosts[0].run('pgrep', '-f', host.lab.socketPath)).split('\n');
          process.kill(Number(pid), 'SIGKILL');
          await host.service.close();
          host.service = await host.lab.openService({ nodeId: 'n1' });
          await encrypt();
        });
      });
      for (const seen of [seenByFirst, seenBySecond]) assert.match(seen, /came [^}]*packets 0 /);
      assert.deepEqual(await device(hosts[0]), before);
      await toSecond();
    });

    it('are reached at once with a new key', async () => {
      hosts[1].replaceKeys();
      await hosts[1].stopWireguard();
      await assert.rejects(toSecond(...impatient));
      const seen = await look(hosts[1], greeting, async () => {
        await encrypt();
        await toSecond();
      });
      assert.match(seen, /came [^}]*packets [1-9]/);
    });
  });
});
