/** What tsstack-net is to do for a network that spans several hosts, as a pure function of who is on it. */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { readBridgeOptions } from '../../../src/model/bridge-options.ts';
import type { EndpointNode, EndpointsObject } from '../../../src/model/endpoints.ts';
import { isHostAddress, parseAddress, parseCidr } from '../../../src/model/ip-range.ts';
import type { NetworkObject } from '../../../src/model/objects.ts';
import type { OverlayRequest } from '../native/net-protocol.ts';

/** Port of the tunnels (RFC 7348). */
const vxlanPort = 4789;

/** What a tunnel puts around a frame: an Ethernet header, VXLAN, UDP, and an outer header of IPv4 or IPv6. */
const overhead = { 4: 14 + 8 + 8 + 20, 6: 14 + 8 + 8 + 40 } as const;

/** Largest packet inside tunnels that begin at an address of this host whose link carries packets of `linkMtu`. */
export function tunnelMtu(address: string, linkMtu: number): number {
  return linkMtu - overhead[isIPv6(address) ? 6 : 4];
}

export interface OverlaySurroundings {
  readonly instance: string;
  readonly nodeId: string;
  /** MTU of the link that has an address of this host. */
  readonly linkMtuOf: (address: string) => number;
}

/** The overlay of the network on this host; null when nobody else is on it, or this host has no address for the others. */
export function planOverlay(
  network: Pick<NetworkObject, 'id' | 'bridge' | 'vni' | 'spec' | 'pools'>,
  { nodes, tasks }: Pick<EndpointsObject, 'nodes' | 'tasks'>,
  { instance, nodeId, linkMtuOf }: OverlaySurroundings,
): OverlayRequest | null {
  const own = nodes.find((node) => node.nodeId === nodeId);
  const local = own?.address ?? '';
  const others = nodes.filter((node) => node.nodeId !== nodeId && node.address !== '');
  if (local === '' || others.length === 0 || network.vni === null) return null;
  const hosts = new Map(others.map((node) => [node.nodeId, node.address]));
  const options = readBridgeOptions(network.spec.driverOptions);
  const places = [...others, ...tasks].flatMap((place) => {
    const host = hosts.get(place.nodeId);
    return host === undefined || place.addresses.length === 0
      ? []
      : [[place.mac.toLowerCase(), { host, addresses: place.addresses }] as const];
  });
  return {
    op: 'overlay.set',
    network: network.id,
    owner: instance,
    bridge: network.bridge,
    vni: network.vni,
    port: vxlanPort,
    local,
    mtu: Math.min(options.mtu ?? Infinity, tunnelMtu(local, linkMtuOf(local))),
    isolated: !options.interContainer,
    own: (own?.addresses ?? []).map((address) => withPrefix(network.pools, address)),
    peers: Object.fromEntries(places),
    ...(tasks.some(({ ports }) => ports.length > 0) ? waysBack(network.id, others) : { nodes: {}, rules: null }),
  };
}

function withPrefix(pools: NetworkObject['pools'], text: string): string {
  const address = parseAddress(text);
  const subnets = pools.map(({ subnet }) => parseCidr(subnet));
  const subnet = subnets.find((range) => address !== undefined && range !== undefined && isHostAddress(range, address));
  return subnet === undefined ? text : `${text}/${subnet.prefix}`;
}

/**
 * Requests to a published port arrive with the client's address at a container by whichever host they entered, and the answer has to leave by that
 * host, which translates it back. The container's namespace tells the hosts by their MACs and gives each a mark, and so a routing table.
 */
function waysBack(networkId: string, others: readonly EndpointNode[]): Pick<OverlayRequest, 'nodes' | 'rules'> {
  const doors = others.filter(({ addresses }) => addresses.length > 0);
  const marks = doors.map((door) => ({ ...door, mark: markOf(door.nodeId, networkId) }));
  const elements = marks.map(({ mac, mark }) => `${mac} : ${mark}`).join(', ');
  const rules = `
 map hosts {
  type ether_addr : mark
  elements = { ${elements} }
 }
 chain arrive {
  type filter hook prerouting priority mangle; policy accept;
  ct state new ct mark set ether saddr map @hosts
 }
 chain leave {
  type route hook output priority mangle; policy accept;
  ct mark >= ${ownMarks} meta mark set ct mark
 }`;
  return {
    nodes: Object.fromEntries(marks.map(({ mark, addresses }) => [String(mark), addresses])),
    rules: marks.length === 0 ? null : rules,
  };
}

/** Marks from this one on are ours; what containers use themselves is lower by custom. */
const ownMarks = 2 ** 31;

function markOf(nodeId: string, networkId: string): number {
  const digest = createHash('sha256').update(`tsstack mark ${networkId} ${nodeId}`).digest();
  return ownMarks + (digest.readUInt32BE(0) % ownMarks);
}
