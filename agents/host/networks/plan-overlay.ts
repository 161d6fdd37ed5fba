/** What tsstack-net is to do for a network that spans several hosts, as a pure function of who is on it. */
import { readBridgeOptions } from '../../../src/model/bridge-options.ts';
import type { EndpointsObject } from '../../../src/model/endpoints.ts';
import { isHostAddress, parseAddress, parseCidr } from '../../../src/model/ip-range.ts';
import { isEncrypted } from '../../../src/model/network-options.ts';
import type { NetworkObject } from '../../../src/model/objects.ts';
import type { OverlayRequest, TunnelRequest } from '../native/net-protocol.ts';
import { encryptedPort } from './encryption/plan-encryption.ts';
import { doorsOf, flowsOf, renderDoors, renderServices } from './sandbox-rules.ts';
import { tunnelMtu } from './tunnel-mtu.ts';

/** Port of the tunnels (RFC 7348). */
const vxlanPort = 4789;

export interface OverlaySurroundings {
  readonly instance: string;
  readonly nodeId: string;
  /** MTU of the link that has an address of this host. */
  readonly linkMtuOf: (address: string) => number;
}

/** What the network has beside its bridge; null when nobody else is on it and no service has an address of its own. */
export function planOverlay(
  network: Pick<NetworkObject, 'id' | 'bridge' | 'vni' | 'spec' | 'pools'>,
  endpoints: Pick<EndpointsObject, 'version' | 'nodes' | 'tasks' | 'services'>,
  surroundings: OverlaySurroundings,
): OverlayRequest | null {
  const tunnel = planTunnel(network, endpoints, surroundings);
  const { nodeId } = surroundings;
  const isMeshed = tunnel !== null && endpoints.tasks.some(({ ports }) => ports.length > 0);
  const doors = isMeshed ? doorsOf(network.id, endpoints, nodeId) : [];
  const rules = `${renderDoors(doors)}${renderServices(endpoints, nodeId)}`;
  if (tunnel === null && rules === '') return null;
  const nodes = Object.fromEntries(doors.map(({ mark, addresses }) => [String(mark), addresses]));
  const services = flowsOf(endpoints);
  return { op: 'overlay.set', network: network.id, ...tunnel, nodes, rules: rules === '' ? null : rules, services };
}

function planTunnel(
  network: Pick<NetworkObject, 'bridge' | 'vni' | 'spec' | 'pools'>,
  { nodes, tasks }: Pick<EndpointsObject, 'nodes' | 'tasks'>,
  { instance, nodeId, linkMtuOf }: OverlaySurroundings,
): TunnelRequest | null {
  const own = nodes.find((node) => node.nodeId === nodeId);
  const local = own?.address ?? '';
  const others = nodes.filter((node) => node.nodeId !== nodeId && node.address !== '');
  if (local === '' || others.length === 0 || network.vni === null) return null;
  const hosts = new Map(others.map((node) => [node.nodeId, node.address]));
  const options = readBridgeOptions(network.spec.driverOptions);
  const encrypted = isEncrypted(network.spec);
  const places = [...others, ...tasks].flatMap(({ nodeId: place, mac, addresses }) => {
    const host = hosts.get(place);
    return host === undefined || addresses.length === 0 ? [] : [[mac.toLowerCase(), { host, addresses }] as const];
  });
  return {
    owner: instance,
    bridge: network.bridge,
    vni: network.vni,
    port: encrypted ? encryptedPort : vxlanPort,
    local,
    mtu: Math.min(options.mtu ?? Infinity, tunnelMtu(local, linkMtuOf(local), encrypted)),
    encrypted,
    isolated: !options.interContainer,
    own: (own?.addresses ?? []).map((address) => withPrefix(network.pools, address)),
    peers: Object.fromEntries(places),
  };
}

function withPrefix(pools: NetworkObject['pools'], text: string): string {
  const address = parseAddress(text);
  const subnets = pools.map(({ subnet }) => parseCidr(subnet));
  const subnet = subnets.find((range) => address !== undefined && range !== undefined && isHostAddress(range, address));
  return subnet === undefined ? text : `${text}/${subnet.prefix}`;
}
