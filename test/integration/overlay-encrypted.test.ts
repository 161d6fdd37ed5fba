import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { NetClient } from '../../agents/host/native/net-client.ts';
import type { IpsecRequest } from '../../agents/host/native/net-protocol.ts';
import { encryptedPort, wireguardPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { networkSpec } from '../fixtures/network-spec.ts';
import { networkObject } from '../support/network-lab.ts';
import { endpointTask, OverlayLab } from '../support/overlay-lab.ts';
import { TunnelWatch } from '../support/tunnel-watch.ts';
import { addressOf } from '../support/underlay.ts';

const owner = '00c0ffee';
const spec = networkSpec('lab_net1', { driver: 'overlay', driverOptions: { encrypted: '' } });
const secret: NetworkObject = { ...networkObject(1), spec, vni: 4096 };
const tasks = [endpointTask('n1', 'web', 10, secret), endpointTask('n2', 'db', 11, secret)];

/** Holds whether or not this machine's kernel can encrypt; what it does where it can is in test/vm/encrypted-networks.test.ts. */
describe('networks between hosts that are to be encrypted', () => {
  let lab: OverlayLab;
  let watch: TunnelWatch;
  let client: NetClient;

  const onHost = (...command: readonly string[]): Promise<string> => lab.host('n1').lab.run('host', ...command);
  const ping = (): Promise<string> =>
    lab.host('n1').lab.run({ sandbox: 'web' }, 'ping', '-c', '1', '-W', '1', '172.30.1.11');
  const demand = (local: string | null): IpsecRequest => ({
    op: 'ipsec.set',
    owner,
    local,
    port: encryptedPort,
    associations: [],
  });
  const tunnel = {
    op: 'overlay.set',
    network: secret.id,
    owner,
    bridge: secret.bridge,
    vni: 4096,
    port: encryptedPort,
    local: addressOf(1),
    mtu: 1390,
    encrypted: true,
    isolated: false,
    own: [],
    peers: { [tasks[1]?.mac ?? '']: { host: addressOf(2), addresses: ['172.30.1.11'] } },
    nodes: {},
    services: {},
    rules: null,
  } as const;

  before(async () => {
    lab = await OverlayLab.create(2);
    await lab.addSandbox('n1', 'web', 10, secret);
    await lab.addSandbox('n2', 'db', 11, secret);
    watch = new TunnelWatch();
    client = await NetClient.connect(lab.host('n1').lab.socketPath);
  });
  after(async () => {
    client?.close();
    watch?.close();
    await lab?.close();
  });

  it('have no tunnel before everything is seen to', async () => {
    await assert.rejects(client.request(tunnel), { nativeCode: 'state', message: /nothing sees to it/ });
    assert.doesNotMatch(await onHost('ip', 'link'), /tsx4096/);
  });

  it('send nothing without keys, and take nothing', async () => {
    await client.request(demand(addressOf(1)));
    await client.request(tunnel);
    await assert.rejects(ping());
    assert.deepEqual(watch.take(), { wireguard: 0, esp: 0, udp: 0, other: 0 });
    const policies = await onHost('ip', 'xfrm', 'policy');
    assert.match(policies, new RegExp(`src ${addressOf(1)}/32 dst 0.0.0.0/0 proto udp dport ${encryptedPort}`));
    assert.match(policies, new RegExp(`src 0.0.0.0/0 dst ${addressOf(1)}/32 proto udp dport ${encryptedPort}`));
  });

  it('send nothing in clear when another program has flushed the policies of the kernel', async () => {
    await onHost('ip', 'xfrm', 'policy', 'flush');
    await assert.rejects(ping());
    assert.deepEqual(watch.take(), { wireguard: 0, esp: 0, udp: 0, other: 0 });
    // Negative control: it is the rules beside the policies that have held it back.
    await onHost('nft', 'flush', 'chain', 'inet', `tsstack-ipsec-${owner}`, 'out');
    await assert.rejects(ping());
    assert.equal(watch.take().udp, 1);
    await client.request(demand(addressOf(1)));
  });

  it('go by WireGuard where the kernel has it, and say where it has not', async () => {
    const wish = {
      op: 'wireguard.set',
      owner,
      local: addressOf(1),
      port: encryptedPort,
      listen: wireguardPort,
      privateKey: '01'.repeat(32),
      peers: [{ address: addressOf(2), publicKey: '02'.repeat(32), port: wireguardPort }],
    } as const;
    await assert.rejects(client.request({ ...wish, port: 4794 }), {
      nativeCode: 'state',
      message: /nothing sees to it/,
    });
    const { available, reason } = await client.request({ op: 'wireguard.probe' });
    const before = await onHost('ip', 'link');
    if (available) {
      await client.request(wish);
      assert.match(await onHost('ip', 'link'), new RegExp(`tswg-${owner}`));
    } else {
      assert.equal(reason, 'the kernel lacks WireGuard (wireguard)');
      await assert.rejects(client.request(wish), { nativeCode: 'network', message: reason });
    }
    await client.request({ ...wish, local: null, privateKey: null, peers: [] });
    assert.equal(await onHost('ip', 'link'), before);
    assert.doesNotMatch(await onHost('nft', 'list', 'tables'), /wireguard/);
  });

  it('cannot be stripped of it while there is a tunnel', async () => {
    await assert.rejects(client.request(demand(null)), { nativeCode: 'state', message: /rely on it/ });
    assert.match(await onHost('ip', 'xfrm', 'policy'), /proto esp/);
  });

  it('follow the address of their host', async () => {
    await client.request(demand('fd00:90::1'));
    assert.doesNotMatch(await onHost('ip', 'xfrm', 'policy'), new RegExp(addressOf(1)));
    assert.match(await onHost('ip', 'xfrm', 'policy'), /src fd00:90::1\/128 dst ::\/0 proto udp/);
  });

  it('leave nothing', async () => {
    await client.request({ op: 'overlay.remove', network: secret.id });
    await client.request(demand(null));
    assert.equal(await onHost('ip', 'xfrm', 'policy'), '');
    assert.doesNotMatch(await onHost('nft', 'list', 'tables'), /ipsec/);
  });

  it('are encrypted when all is said, or it is said why not and nothing goes in clear', async () => {
    const failure = await lab.connect(secret, tasks).then(
      () => null,
      (error: unknown) => (error as Error).message,
    );
    const reached = await ping().then(
      () => true,
      () => false,
    );
    assert.deepEqual({ udp: watch.take().udp, reached }, { udp: 0, reached: failure === null });
    if (failure !== null)
      assert.match(
        failure,
        /^encrypt what goes to other hosts: the kernel lacks IPsec \(.*\): encrypt what goes from 10\.90\.0\.\d to 10\.90\.0\.\d: \w/,
      );
    await Promise.all(lab.hosts.map(({ service }) => service.removeNetwork(secret)));
    assert.equal(await onHost('ip', 'xfrm', 'policy'), '');
    assert.equal(await onHost('ip', 'xfrm', 'state'), '');
  });
});
