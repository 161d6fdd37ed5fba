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

  before(async () => {
    lab = await OverlayLab.create(3, ['n1', 'n2']);
    await lab.addSandbox('n1', 'web', 10, secret);
    await lab.addSandbox('n2', 'db', 11, secret);
    await lab.addSandbox('n3', 'old', 12, secret);
    await lab.connect(secret, tasks);
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
      [{ isUsable: true, problem: null }, { isUsable: true, problem: null }, null],
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

  it('go by IPsec when somebody has deleted the device, never in clear, and by WireGuard when all is said again', async () => {
    for (const nodeId of ['n1', 'n2']) await onHost(nodeId, 'ip', 'link', 'delete', await device(nodeId));
    const { esp, udp, other } = await seenOf('172.30.1.11');
    assert.deepEqual({ udp, other }, { udp: 0, other: 0 });
    assert.ok(esp >= 2, `${esp}`);
    await lab.connect(secret, tasks);
    const again = await seenOf('172.30.1.11');
    assert.ok(again.wireguard >= 2);
    assert.deepEqual([again.esp, again.udp], [0, 0]);
  });

  it('go by IPsec with all when the port is taken, which the host says', async () => {
    await lab.host('n2').service.removeEndpoints(secret.id);
    // The others forget it as well, and with it which of its packets they have had.
    const rest = tasks.filter(({ nodeId }) => nodeId !== 'n2');
    await lab.connect(secret, rest, [], ['n1', 'n3']);
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
