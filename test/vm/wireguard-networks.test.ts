/** Runs where the kernel has WireGuard and IPsec: in the machine of vm-run. What tsstack-net does for itself is in wireguard-tunnels.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { wireguardPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { networkSpec } from '../fixtures/network-spec.ts';
import { networkObject } from '../support/network-lab.ts';
import { endpointTask, OverlayLab } from '../support/overlay-lab.ts';
import { TunnelWatch, type Seen } from '../support/tunnel-watch.ts';

const spec = networkSpec('lab_net1', { driver: 'overlay', driverOptions: { encrypted: '' } });
const secret: NetworkObject = { ...networkObject(1), spec, vni: 4096 };
const tasks = [
  endpointTask('n1', 'web', 10, secret),
  endpointTask('n2', 'db', 11, secret),
  endpointTask('n3', 'old', 12, secret),
];

const usable = { isUsable: true, problem: null, silent: [] } as const;

describe('encrypted networks between hosts of which not all have WireGuard', function () {
  this.timeout(200_000);
  let lab: OverlayLab;
  let watch: TunnelWatch;

  const ping = (address: string, ...args: readonly string[]): Promise<string> =>
    lab.host('n1').lab.run({ sandbox: 'web' }, 'ping', '-c', '1', '-W', '2', ...args, address);
  /** What is on the wire while it is pinged; by way of a connection that stands. */
  const seenOf = async (address: string, ...args: readonly string[]): Promise<Seen> => {
    await ping(address, '-W', '10');
    watch.take();
    await ping(address, ...args);
    return watch.take();
  };
  const onHost = (nodeId: string, ...command: readonly string[]): Promise<string> =>
    lab.host(nodeId).lab.run('host', ...command);
  const device = async (nodeId: string): Promise<string> =>
    /^\d+: (\S+?):/m.exec(await onHost(nodeId, 'ip', 'link', 'show', 'type', 'wireguard'))?.[1] ?? '';

  /** Both that have it have heard of each other, and each from the other. */
  const ready = async (): Promise<void> => {
    for (const nodeId of ['n1', 'n2'])
      await lab.host(nodeId).lab.until(async () => {
        const table = String(0x74c0ffee);
        return (await onHost(nodeId, 'bash', '-c', `ip -${lab.family} route show table ${table} || true`)).includes(
          'tswg',
        );
      });
  };

  /** Nothing of WireGuard comes to the second host. */
  const raiseWall = async (): Promise<void> => {
    const rule = `udp dport ${wireguardPort} drop`;
    await onHost('n2', 'nft', `table inet wall {\nchain in {\ntype filter hook input priority -300\n${rule}\n}\n}`);
  };
  const silent = (nodeId: string): readonly string[] | undefined => lab.host(nodeId).finding?.silent;
  const index = async (): Promise<string> =>
    (await onHost('n1', 'ip', '-o', 'link', 'show', 'type', 'wireguard')).split(':')[0] ?? '';

  before(async () => {
    lab = await OverlayLab.create(3, ['n1', 'n2']);
    await lab.addSandbox('n1', 'web', 10, secret);
    await lab.addSandbox('n2', 'db', 11, secret);
    await lab.addSandbox('n3', 'old', 12, secret);
    await lab.connect(secret, tasks);
    await ready();
    watch = new TunnelWatch();
  });
  after(async () => {
    watch?.close();
    await lab?.close();
  });

  it('go by WireGuard between two that have it, and by IPsec with the one that has not', async () => {
    const { wireguard, ...between } = await seenOf('172.30.1.11');
    assert.ok(wireguard >= 2, `${wireguard}`);
    assert.deepEqual(between, { esp: 0, udp: 0, other: 0 });
    const { esp, ...withOld } = await seenOf('172.30.1.12');
    assert.ok(esp >= 2, `${esp}`);
    assert.deepEqual({ ...withOld, wireguard: 0 }, { wireguard: 0, udp: 0, other: 0 });
    assert.deepEqual(
      lab.hosts.map(({ finding }) => finding),
      [usable, usable, null],
    );
  });

  it('go on over new keys of IPsec and the next daemon, with the sessions that stand', async () => {
    lab.rotate();
    await lab.connect(secret, tasks);
    await lab.reopen('n2');
    await lab.connect(secret, tasks);
    watch.take();
    await ping('172.30.1.11');
    const { wireguard, esp, udp } = watch.take();
    assert.deepEqual({ esp, udp }, { esp: 0, udp: 0 });
    assert.ok(wireguard >= 2);
  });

  for (const family of [4, 6] as const)
    for (const removal of [['delete'], ['set', 'down']] as const)
      it(`go by IPsec when the device is gone (${removal.join(' ')}, IPv${family}), never in clear, and by WireGuard when it is there again, soon`, async () => {
        lab.family = family;
        await lab.connect(secret, tasks);
        await ready();
        await ping('172.30.1.11', '-W', '10');
        watch.take();
        const link = await device('n1');
        const before = await index();
        const pings = ping('172.30.1.11', '-c', '40', '-i', '0.1');
        const [verb, ...rest] = removal;
        await onHost('n1', 'ip', 'link', verb, link, ...rest);
        const lost = /(\d+) received/.exec(await pings)?.[1];
        assert.ok(Number(lost) >= 30, `${lost} of 40 came back`);
        const { udp, other } = watch.take();
        assert.deepEqual({ udp, other }, { udp: 0, other: 0 });
        await ready();
        const now = await index();
        assert.equal(now !== before, verb === 'delete');
        const again = await seenOf('172.30.1.11');
        assert.ok(again.wireguard >= 2);
        assert.deepEqual([again.esp, again.udp], [0, 0]);
      });

  it('go by IPsec between two of which one is not reached by WireGuard, which both say, and by WireGuard when it is', async () => {
    lab.family = 4;
    await raiseWall();
    // Sessions that stand are not what is tried here.
    for (const nodeId of ['n1', 'n2']) await onHost(nodeId, 'ip', 'link', 'delete', await device(nodeId));
    await lab.connect(secret, tasks);
    const { wireguard, ...between } = await seenOf('172.30.1.11');
    assert.ok(between.esp >= 2, JSON.stringify({ wireguard, ...between }));
    assert.deepEqual([between.udp, between.other], [0, 0]);
    const isSaid = async (): Promise<boolean> => {
      await ping('172.30.1.12');
      return silent('n1')?.length === 1 && silent('n2')?.length === 1;
    };
    await lab.host('n1').lab.until(isSaid);
    assert.deepEqual([silent('n1'), silent('n2')], [['10.90.0.2'], ['10.90.0.1']]);
    const said =
      'tsstack-net: WireGuard: 10.90.0.2 does not answer at UDP port 4793: what goes there is encrypted by IPsec';
    assert.ok(lab.host('n1').lab.messages.includes(said), lab.host('n1').lab.messages.join('\n'));
    await onHost('n2', 'nft', 'delete', 'table', 'inet', 'wall');
    await ready();
    const again = await seenOf('172.30.1.11');
    assert.ok(again.wireguard >= 2);
    assert.deepEqual([silent('n1'), silent('n2')], [[], []]);
  });

  it('go on by IPsec when a session that stands is cut off, within a minute', async () => {
    await ping('172.30.1.11');
    await raiseWall();
    const answers: boolean[] = [];
    for (const begin = Date.now(); !answers.includes(true) && Date.now() - begin < 120_000;) {
      const answer = ping('172.30.1.11', '-w', '8');
      answers.push(await answer.then(Boolean, () => false));
    }
    assert.ok(answers.length > 1 && answers.includes(true), answers.join());
    watch.take();
    await ping('172.30.1.11');
    const { esp, udp, other } = watch.take();
    assert.ok(esp >= 2, `${esp}`);
    assert.deepEqual({ udp, other }, { udp: 0, other: 0 });
    await lab.host('n1').lab.until(async () => (await ping('172.30.1.12')) !== '' && silent('n1')?.length === 1);
    await onHost('n2', 'nft', 'delete', 'table', 'inet', 'wall');
    // Each news of the network is a reason to look.
    await lab.host('n1').lab.until(async () => {
      await lab.connect(secret, tasks);
      return silent('n1')?.length === 0 && silent('n2')?.length === 0;
    });
  });

  it('go by IPsec with all when the port is taken, which the host says', async () => {
    // The others do not hear that it has left, nor that it numbers its packets anew.
    await lab.host('n2').service.removeEndpoints(secret.id);
    await lab.reopen('n2');
    await lab.host('n2').lab.serve('host', 'serve', 'udp', String(wireguardPort));
    await lab.connect(secret, tasks);
    const { finding } = lab.host('n2');
    assert.equal(finding?.isUsable, false);
    assert.match(finding?.problem ?? '', new RegExp(String(wireguardPort)));
    assert.equal(await device('n2'), '');
    // The others hear of it.
    await lab.connect(secret, tasks);
    const { esp, wireguard, udp } = await seenOf('172.30.1.11');
    assert.ok(esp >= 2);
    assert.deepEqual({ wireguard, udp }, { wireguard: 0, udp: 0 });
  });

  it('leave nothing', async () => {
    for (const { nodeId, service } of lab.hosts) {
      await service.removeNetwork(secret);
      assert.equal(await device(nodeId), '');
      for (const family of ['-4', '-6']) assert.doesNotMatch(await onHost(nodeId, 'ip', family, 'rule'), /ipproto/);
      assert.equal(await onHost(nodeId, 'ip', 'xfrm', 'policy'), '');
      assert.doesNotMatch(await onHost(nodeId, 'nft', 'list', 'tables'), /ipsec/);
    }
  });
});
