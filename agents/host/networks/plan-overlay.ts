/** What tsstack-net is to do for a network that spans several hosts, as a pure function of who is on it. */
import { isIPv6 } from 'node:net';
import { readBridgeOptions } from '../../../src/model/bridge-options.ts';
import type { EndpointsObject } from '../../../src/model/endpoints.ts';
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
  network: Pick<NetworkObject, 'id' | 'bridge' | 'vni' | 'spec'>,
  { nodes, tasks }: Pick<EndpointsObject, 'nodes' | 'tasks'>,
  { instance, nodeId, linkMtuOf }: OverlaySurroundings,
): OverlayRequest | null {
  const local = nodes.find((node) => node.nodeId === nodeId)?.address ?? '';
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
    peers: Object.fromEntries(places),
    nodes: {},
    rules: null,
  };
}
