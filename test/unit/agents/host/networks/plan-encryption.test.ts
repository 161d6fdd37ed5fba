import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encryptedPort,
  planEncryption,
  wireguardPort,
} from '../../../../../agents/host/networks/encryption/plan-encryption.ts';
import {
  openTunnelIdentity,
  rawPrivateKey,
  renewTunnelIdentity,
} from '../../../../../agents/host/networks/encryption/tunnel-identity.ts';
import type { EncryptionPlan } from '../../../../../agents/host/networks/encryption/plan-encryption.ts';
import type { TunnelIdentity } from '../../../../../agents/host/networks/encryption/tunnel-identity.ts';
import type { IpsecRequest, WireguardRequest } from '../../../../../agents/host/native/net-protocol.ts';
import type { SpannedNetwork } from '../../../../../agents/host/networks/overlay-service.ts';
import { planOverlay } from '../../../../../agents/host/networks/plan-overlay.ts';
import { tunnelMtu } from '../../../../../agents/host/networks/tunnel-mtu.ts';
import { nextTunnelKeys } from '../../../../../src/manager/tunnels/rotate-tunnel-keys.ts';
import type { EndpointNode, TunnelKey } from '../../../../../src/model/endpoints.ts';
import { networkSpec } from '../../../../fixtures/network-spec.ts';
import { networkObject } from '../../../../fixtures/objects.ts';

const spec = networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } });
const instance = '0a1b2c3d';

function newIdentity(): TunnelIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const { x } = publicKey.export({ format: 'jwk' });
  return { privateKey, publicKey: Buffer.from(x ?? '', 'base64url') };
}

const hosts = [newIdentity(), newIdentity(), newIdentity()];
const keys = nextTunnelKeys([], 1);

/** The network as all of its hosts are told. */
function spanned(
  id: string,
  numbers: readonly number[],
  generation = 1,
  known: readonly TunnelKey[] = keys,
  ports: Readonly<Record<number, number>> = {},
): SpannedNetwork {
  const network = networkObject({ id, spec });
  const nodes = numbers.map((number) => ({
    nodeId: `n${number}`,
    address: `10.90.0.${number}`,
    addresses: [],
    mac: '0a:00:00:00:00:01',
    tunnel: { number, key: hosts[number - 1]?.publicKey.toString('base64') ?? '', port: ports[number] ?? 0 },
  }));
  const common = { kind: 'endpoints', id: `endpoints-${id}`, version: 1, networkId: id } as const;
  const encryption = { generation, keys: known };
  return { network, endpoints: { ...common, nodes, tasks: [], services: [], encryption } };
}

function planOf(number: number, ...networks: readonly SpannedNetwork[]): IpsecRequest {
  return plansOf(number, ...networks).ipsec;
}

function plansOf(number: number, ...networks: readonly SpannedNetwork[]): EncryptionPlan {
  const identity = hosts[number - 1];
  assert.ok(identity !== undefined);
  return planEncryption(networks, identity, { instance, nodeId: `n${number}` });
}

const describeAll = ({ associations }: IpsecRequest): readonly string[] =>
  associations.map(({ source, destination, spi }) => `${source} ${destination} ${spi}`);

describe('the encryption between hosts', () => {
  it('is with the present key, and takes those before and after it', () => {
    const plan = planOf(1, spanned('a', [1, 2]));
    assert.equal(plan.local, '10.90.0.1');
    assert.deepEqual(describeAll(plan), [
      '10.90.0.2 10.90.0.1 512',
      '10.90.0.2 10.90.0.1 513',
      '10.90.0.2 10.90.0.1 514',
      '10.90.0.1 10.90.0.2 257',
    ]);
  });

  it('has the same keys at both ends, and none twice', () => {
    const all = [1, 2, 3].flatMap((number) => planOf(number, spanned('a', [1, 2, 3])).associations);
    const nameOf = ({ source, destination, spi }: (typeof all)[number]): string => `${source} ${destination} ${spi}`;
    const byName = Map.groupBy(all, nameOf);
    for (const [name, ends] of byName) assert.equal(new Set(ends.map(({ key }) => key)).size, 1, name);
    assert.equal([...byName.values()].filter((ends) => ends.length === 2).length, 6, 'what one sends another takes');
    assert.equal(new Set(all.map(({ key }) => key)).size, byName.size, 'no key for two directions or generations');
    assert.ok(all.every(({ key }) => /^[0-9a-f]{40}$/.test(key)));
    const receivers = Map.groupBy(all, ({ destination, spi }) => `${destination} ${spi}`);
    for (const [name, ends] of receivers) assert.equal(new Set(ends.map(({ source }) => source)).size, 1, name);
  });

  it('is once for each host, however many networks there are, and by the newest that was said of any', () => {
    const next = nextTunnelKeys(keys, 2);
    const plan = planOf(1, spanned('a', [1, 2]), spanned('b', [1, 2, 3], 2, next));
    assert.deepEqual(
      describeAll(plan).filter((text) => text.startsWith('10.90.0.1')),
      ['10.90.0.1 10.90.0.2 258', '10.90.0.1 10.90.0.3 258'],
    );
    assert.equal(plan.associations.length, 8);
  });

  it('has other keys when a machine has started anew', () => {
    const before = planOf(1, spanned('a', [1, 2]));
    hosts[1] = newIdentity();
    const after = planOf(1, spanned('a', [1, 2]));
    assert.deepEqual(describeAll(before), describeAll(after));
    const known = new Set(before.associations.map(({ key }) => key));
    assert.ok(after.associations.every(({ key }) => !known.has(key)));
  });

  it('is nothing while there is nobody else, and where nothing has to be encrypted', () => {
    const { network, endpoints } = spanned('a', [1, 2]);
    const clear = { network, endpoints: { ...endpoints, encryption: null } };
    for (const plan of [planOf(1), planOf(1, spanned('a', [1])), planOf(1, clear)])
      assert.deepEqual([plan.local, plan.associations], [null, []]);
    const silent = endpoints.nodes.map((node) => ({ ...node, tunnel: { number: 2, key: '', port: wireguardPort } }));
    assert.equal(planOf(1, { network, endpoints: { ...endpoints, nodes: silent } }).local, null);
  });

  it('has a port of its own, and leaves room for what it adds', () => {
    const linkMtuOf = (): number => 1500;
    const { network, endpoints } = spanned('a', [1, 2]);
    const secret = planOverlay(network, endpoints, { instance, nodeId: 'n1', linkMtuOf });
    assert.deepEqual([secret?.port, secret?.mtu, secret?.encrypted], [4792, 1390, true]);
    const open = { ...network, spec: networkSpec('p_default', { driver: 'overlay' }) };
    const clear = planOverlay(open, endpoints, { instance, nodeId: 'n1', linkMtuOf });
    assert.deepEqual([clear?.port, clear?.mtu, clear?.encrypted], [4789, 1450, false]);
    assert.equal(tunnelMtu('fd00::1', 1500, true), 1350);
    // What ESP adds, and how it fills up to words of four bytes: it has room on every link.
    for (const linkMtu of [1280, 1501, 1502, 1503, 9000]) {
      const packet = tunnelMtu('10.0.0.1', linkMtu, true) + 14 + 8 + 8;
      assert.ok(20 + 8 + 8 + Math.ceil((packet + 2) / 4) * 4 + 16 <= linkMtu, `${linkMtu}`);
    }
    assert.equal(tunnelMtu('fd00::1', 1500, false), 1430);
  });
});

describe('WireGuard between hosts', () => {
  const all = { 1: wireguardPort, 2: wireguardPort, 3: wireguardPort };
  const peersOf = (number: number, ports: Readonly<Record<number, number>>): WireguardRequest['peers'] =>
    plansOf(number, spanned('a', [1, 2, 3], 1, keys, ports)).wireguard.peers;

  it('is with those that have it, by the keys that they have said, and each knows the others by the same ones', () => {
    const { wireguard, ipsec } = plansOf(1, spanned('a', [1, 2, 3], 1, keys, all));
    const [own] = hosts;
    assert.ok(own !== undefined);
    assert.deepEqual(wireguard, {
      op: 'wireguard.set',
      owner: instance,
      local: ipsec.local,
      port: encryptedPort,
      listen: wireguardPort,
      privateKey: rawPrivateKey(own).toString('hex'),
      peers: [2, 3].map((number) => ({
        address: `10.90.0.${number}`,
        publicKey: hosts[number - 1]?.publicKey.toString('hex'),
        port: wireguardPort,
      })),
    });
    assert.match(wireguard.privateKey ?? '', /^[0-9a-f]{64}$/);
    assert.equal(peersOf(2, all)[0]?.publicKey, own.publicKey.toString('hex'));
  });

  it('is not with those that lack it, nor of one that lacks it, and what one says of a port the others believe', () => {
    const mixed = { 1: wireguardPort, 3: 5000 };
    assert.deepEqual(
      peersOf(1, mixed).map(({ address, port }) => `${address} ${port}`),
      ['10.90.0.3 5000'],
    );
    assert.deepEqual(peersOf(2, mixed), []);
    assert.deepEqual(peersOf(1, { 2: wireguardPort, 3: wireguardPort }), [], 'the others do not know of this one yet');
  });

  it('leaves every pair its keys of IPsec: what does not go this way goes that way', () => {
    const [without, mixed, every] = [{}, { 1: wireguardPort, 2: wireguardPort }, all].map((ports) =>
      describeAll(planOf(1, spanned('a', [1, 2, 3], 1, keys, ports))),
    );
    assert.deepEqual(mixed, without);
    assert.deepEqual(every, without);
  });

  it('is with nobody where hosts say nothing of it, as those of earlier versions', () => {
    const { network, endpoints } = spanned('a', [1, 2, 3], 1, keys, all);
    const nodes = endpoints.nodes.map(({ tunnel, ...node }) => {
      const { port, ...old } = tunnel ?? {};
      return { ...node, tunnel: node.nodeId === 'n2' ? old : { ...old, port } };
    });
    const told = JSON.parse(JSON.stringify({ network, endpoints: { ...endpoints, nodes } })) as SpannedNetwork;
    assert.deepEqual(
      plansOf(1, told).wireguard.peers.map(({ address }) => address),
      ['10.90.0.3'],
    );
    assert.deepEqual(plansOf(2, told).wireguard.peers, []);
  });

  it('is with each host once, as its newest node', () => {
    const { network, endpoints } = spanned('a', [1, 2, 3], 1, keys, all);
    const key = newIdentity().publicKey.toString('base64');
    const again = (from: string, address: string, tunnel: { number: number; key?: string }): readonly EndpointNode[] =>
      endpoints.nodes.flatMap((node) =>
        node.nodeId !== from || node.tunnel === null
          ? []
          : [{ ...node, nodeId: `${from} again`, address, tunnel: { ...node.tunnel, ...tunnel } }],
      );
    const nodes = [
      // Set up anew after a start of its machine; elsewhere, with the key that it had; and this host itself, as it was.
      ...again('n2', '10.90.0.2', { number: 12, key }),
      ...again('n3', '10.90.0.30', { number: 13 }),
      ...again('n1', '10.90.0.1', { number: 11 }),
      ...endpoints.nodes,
    ];
    const { ipsec, wireguard } = plansOf(1, { network, endpoints: { ...endpoints, nodes } });
    assert.deepEqual(
      wireguard.peers.map(({ address, publicKey }) => `${address} ${publicKey}`),
      [
        `10.90.0.2 ${Buffer.from(key, 'base64').toString('hex')}`,
        `10.90.0.30 ${hosts[2]?.publicKey.toString('hex') ?? ''}`,
      ],
    );
    assert.deepEqual(
      describeAll(ipsec).filter((text) => text.startsWith('10.90.0.1')),
      ['10.90.0.1 10.90.0.2 257', '10.90.0.1 10.90.0.30 257'],
    );
  });

  it('is over, and no key is named, when there is nobody else', () => {
    const { wireguard } = plansOf(1, spanned('a', [1], 1, keys, all));
    assert.deepEqual([wireguard.local, wireguard.privateKey, wireguard.peers], [null, null, []]);
  });
});

describe('the key of a host for its tunnels', () => {
  it('is the same for the next daemon, and nobody else can read it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tsstack-identity-'));
    const path = join(directory, 'tunnel.key');
    const first = await openTunnelIdentity(path);
    const second = await openTunnelIdentity(path);
    assert.equal(first.publicKey.length, 32);
    assert.deepEqual(first.publicKey, second.publicKey);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const later = await openTunnelIdentity(path, 'the next start of the machine');
    assert.notDeepEqual(later.publicKey, first.publicKey);
    const renewed = await renewTunnelIdentity(path);
    assert.notDeepEqual(renewed.publicKey, later.publicKey);
    assert.deepEqual((await openTunnelIdentity(path)).publicKey, renewed.publicKey, 'also for the next daemon');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    rmSync(directory, { recursive: true });
  });
});
