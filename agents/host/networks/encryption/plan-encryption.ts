/** What tsstack-net is to encrypt between this host and others, as a pure function of the networks that span them. */
import type { EndpointNode, TunnelEncryption } from '../../../../src/model/endpoints.ts';
import type { IpsecAssociation, IpsecRequest, WireguardRequest } from '../../native/net-protocol.ts';
import type { SpannedNetwork } from '../overlay-service.ts';
import { pairKey, sharedSecret } from './pair-keys.ts';
import { rawPrivateKey } from './tunnel-identity.ts';
import type { TunnelIdentity } from './tunnel-identity.ts';

/**
 * Port of encrypted tunnels, inside of what is encrypted: one of its own, because the kernel's policies tell packets apart by ports. Nobody has
 * registered it (IANA), and the kernel gives it to no client (32768 and following).
 */
export const encryptedPort = 4792;

/** Port at which WireGuard takes what other hosts send: the next one that nobody has registered, and on the wire the only one that is seen. */
export const wireguardPort = 4793;

/** Generations that a number in a packet can tell apart; three of them are in use at a time. */
const generations = 256;

type Surroundings = { readonly instance: string; readonly nodeId: string };
type EncryptedNode = EndpointNode & { readonly tunnel: NonNullable<EndpointNode['tunnel']> };

/** Both have the same `local`: null when this host has nobody to encrypt anything for. */
export interface EncryptionPlan {
  /** The barrier that lets nothing through in clear, and keys for every other host: also for those of WireGuard, should that fail at either end. */
  readonly ipsec: IpsecRequest;
  /** The hosts that have said that they have WireGuard; nobody, until this one has said so too and they know of it. */
  readonly wireguard: WireguardRequest;
}

/** Keys for all hosts that this one has an encrypted network with; each host has one set, however many networks there are. */
export function planEncryption(
  spanned: readonly SpannedNetwork[],
  identity: TunnelIdentity,
  { instance, nodeId }: Surroundings,
): EncryptionPlan {
  const common = { owner: instance, port: encryptedPort } as const;
  const encrypted = spanned.flatMap(({ endpoints: { nodes, encryption } }) =>
    encryption === null ? [] : [{ encryption, nodes: nodes.filter(isEncrypted) }],
  );
  // News of one network come before those of the next one: the newest keys are those of all.
  const [newest] = encrypted.map(({ encryption }) => encryption).toSorted((a, b) => b.generation - a.generation);
  const nodes = new Map(encrypted.flatMap((network) => network.nodes.map((node) => [node.nodeId, node])));
  const own = nodes.get(nodeId);
  const others = own === undefined ? [] : othersOf(own, [...nodes.values()]);
  const wireguard = { op: 'wireguard.set', ...common, listen: wireguardPort } as const;
  if (newest === undefined || own === undefined || others.length === 0)
    return {
      ipsec: { op: 'ipsec.set', ...common, local: null, associations: [] },
      wireguard: { ...wireguard, local: null, privateKey: null, peers: [] },
    };
  const associations = others.flatMap((other) => associationsWith(own, other, newest, identity));
  const privateKey = rawPrivateKey(identity).toString('hex');
  return {
    ipsec: { op: 'ipsec.set', ...common, local: own.address, associations },
    wireguard: { ...wireguard, local: own.address, privateKey, peers: peersOf(own, others) },
  };
}

/** Hosts that can be reached, and have said what their key is. */
function isEncrypted(node: EndpointNode): node is EncryptedNode {
  return node.address !== '' && node.tunnel !== null && node.tunnel.number > 0 && node.tunnel.key !== '';
}

/**
 * Every other host once. One that was set up anew has the address, or the key, of a node that nobody has removed yet, and the higher number; this
 * one, too, may have been such a node before.
 */
function othersOf(own: EncryptedNode, nodes: readonly EncryptedNode[]): readonly EncryptedNode[] {
  const others = nodes
    .filter(({ address, tunnel }) => address !== own.address && tunnel.key !== own.tunnel.key)
    .toSorted((a, b) => a.tunnel.number - b.tunnel.number);
  const byAddress = new Map(others.map((node) => [node.address, node]));
  const byKey = new Map([...byAddress.values()].map((node) => [node.tunnel.key, node]));
  return [...byKey.values()];
}

/** Of a host that has said nothing of WireGuard, as hosts of earlier versions do, the port is no number above 0. */
function peersOf(own: EncryptedNode, others: readonly EncryptedNode[]): WireguardRequest['peers'] {
  if (!(own.tunnel.port > 0)) return [];
  return others
    .filter(({ tunnel }) => tunnel.port > 0)
    .map(({ address, tunnel: { key, port } }) => ({
      address,
      publicKey: Buffer.from(key, 'base64').toString('hex'),
      port,
    }));
}

/** Every key for what comes in, and the one of now for what goes out. */
function associationsWith(
  own: EncryptedNode,
  other: EncryptedNode,
  { generation, keys }: TunnelEncryption,
  identity: TunnelIdentity,
): readonly IpsecAssociation[] {
  const secret = sharedSecret(identity, other.tunnel.key);
  const otherKey = Buffer.from(other.tunnel.key, 'base64');
  const incoming = keys.map((key) => ({
    source: other.address,
    destination: own.address,
    spi: spiOf(other, key.generation),
    key: pairKey(secret, key.key, otherKey, identity.publicKey),
  }));
  const outgoing = keys
    .filter((key) => key.generation === generation)
    .map((key) => ({
      source: own.address,
      destination: other.address,
      spi: spiOf(own, key.generation),
      key: pairKey(secret, key.key, identity.publicKey, otherKey),
    }));
  return [...incoming, ...outgoing];
}

/** By its sender's number and the key's: no two senders have the same one, and so no receiver meets one twice. From 256 on, as RFC 4303 wants it. */
function spiOf({ tunnel }: EncryptedNode, generation: number): number {
  return tunnel.number * generations + (generation % generations);
}
