/** What tsstack-net is to encrypt between this host and others, as a pure function of the networks that span them. */
import type { EndpointNode, TunnelEncryption } from '../../../../src/model/endpoints.ts';
import type { IpsecAssociation, IpsecRequest } from '../../native/net-protocol.ts';
import type { SpannedNetwork } from '../overlay-service.ts';
import { pairKey, sharedSecret } from './pair-keys.ts';
import type { TunnelIdentity } from './tunnel-identity.ts';

/**
 * Port of encrypted tunnels, inside of what is encrypted: one of its own, because the kernel's policies tell packets apart by ports. Nobody has
 * registered it (IANA), and the kernel gives it to no client (32768 and following).
 */
export const encryptedPort = 4792;

/** Generations that a number in a packet can tell apart; three of them are in use at a time. */
const generations = 256;

type Surroundings = { readonly instance: string; readonly nodeId: string };
type EncryptedNode = EndpointNode & { readonly tunnel: NonNullable<EndpointNode['tunnel']> };

/** Keys for all hosts that this one has an encrypted network with; each host has one set, however many networks there are. */
export function planEncryption(
  spanned: readonly SpannedNetwork[],
  identity: TunnelIdentity,
  { instance, nodeId }: Surroundings,
): IpsecRequest {
  const common = { op: 'ipsec.set', owner: instance, port: encryptedPort } as const;
  const encrypted = spanned.flatMap(({ endpoints: { nodes, encryption } }) =>
    encryption === null ? [] : [{ encryption, nodes: nodes.filter(isEncrypted) }],
  );
  // News of one network come before those of the next one: the newest keys are those of all.
  const [newest] = encrypted.map(({ encryption }) => encryption).toSorted((a, b) => b.generation - a.generation);
  const nodes = new Map(encrypted.flatMap((network) => network.nodes.map((node) => [node.nodeId, node])));
  const own = nodes.get(nodeId);
  const others = [...nodes.values()].filter((node) => node.nodeId !== nodeId);
  if (newest === undefined || own === undefined || others.length === 0)
    return { ...common, local: null, associations: [] };
  const associations = others.flatMap((other) => associationsWith(own, other, newest, identity));
  return { ...common, local: own.address, associations };
}

/** Hosts that can be reached, and have said what their key is. */
function isEncrypted(node: EndpointNode): node is EncryptedNode {
  return node.address !== '' && node.tunnel !== null && node.tunnel.number > 0 && node.tunnel.key !== '';
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
