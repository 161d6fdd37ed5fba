/** The nftables rules inside the sandboxes of a network, as chains of one table (inet). */
import { createHash } from 'node:crypto';
import type { EndpointNode, EndpointsObject } from '../../../src/model/endpoints.ts';
import { addressFamily } from '../../../src/model/way-out.ts';

/** Another host by which requests come in, and the mark of their connections. */
export interface Door extends Pick<EndpointNode, 'mac' | 'addresses'> {
  readonly mark: number;
}

/** Marks from this one on are ours; what containers use themselves is lower by custom. */
const ownMarks = 2 ** 31;

/** The other hosts of a network, as far as they have addresses of their own there. */
export function doorsOf(networkId: string, { nodes }: Pick<EndpointsObject, 'nodes'>, nodeId: string): readonly Door[] {
  const others = nodes.filter((node) => node.nodeId !== nodeId && node.addresses.length > 0);
  return others.map((node) => ({ mac: node.mac, addresses: node.addresses, mark: markOf(node.nodeId, networkId) }));
}

function markOf(nodeId: string, networkId: string): number {
  const digest = createHash('sha256').update(`tsstack mark ${networkId} ${nodeId}`).digest();
  return ownMarks + (digest.readUInt32BE(0) % ownMarks);
}

/**
 * Requests to a published port arrive with the client's address at a container by whichever host they entered, and the answer has to leave by that
 * host, which translates it back. The container's namespace tells the hosts by their MACs and gives each a mark, and so a routing table.
 */
export function renderDoors(doors: readonly Door[]): string {
  if (doors.length === 0) return '';
  const elements = doors.map(({ mac, mark }) => `${mac} : ${mark}`).join(', ');
  return `
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
}

const families = [
  { family: 4, suffix: '', ip: 'ip', type: 'ipv4_addr' },
  { family: 6, suffix: '6', ip: 'ip6', type: 'ipv6_addr' },
] as const;

/** The containers that connections to each service's own address are led to. */
function placesOf({ services, tasks }: Pick<EndpointsObject, 'services' | 'tasks'>): readonly {
  readonly address: string;
  readonly targets: readonly string[];
}[] {
  const serving = Map.groupBy(
    tasks.filter(({ isServing, serviceNames }) => isServing && serviceNames.length > 0),
    ({ serviceId }) => serviceId,
  );
  return services.flatMap(({ serviceId, virtualAddresses }) =>
    virtualAddresses.map((address) => {
      const isOfFamily = (other: string): boolean => addressFamily(other) === addressFamily(address);
      return {
        address,
        targets: (serving.get(serviceId) ?? []).flatMap((task) => task.addresses.find(isOfFamily) ?? []),
      };
    }),
  );
}

/** Where UDP flows to services may go, by the service's address. */
export function flowsOf(
  endpoints: Pick<EndpointsObject, 'services' | 'tasks'>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(placesOf(endpoints).map(({ address, targets }) => [address, targets]));
}

/**
 * A service's own address leads each new connection to the next of its containers that serve; one that is under way stays where it is. Without
 * any container it is refused at once.
 */
export function renderServices(
  endpoints: Pick<EndpointsObject, 'version' | 'services' | 'tasks'>,
  nodeId: string,
): string {
  // Not all clients of all hosts begin with the same container, nor do those of one after each change.
  const turn = createHash('sha256').update(nodeId).digest().readUInt16BE(0) + endpoints.version;
  const all = placesOf(endpoints);
  return families
    .map(({ family, suffix, ip, type }) => {
      const places = all
        .filter(({ address }) => addressFamily(address) === family)
        .map(({ address, targets }) => ({ address, targets: rotated(targets, turn) }));
      if (places.length === 0) return '';
      const open = places.filter(({ targets }) => targets.length > 0);
      const chains = open.map(({ targets }, index) => ` chain to${suffix}_${index} {\n  ${choose(ip, targets)}\n }`);
      const led = open.map(({ address }, index) => `${address} : goto to${suffix}_${index}`).join(', ');
      return `
${chains.join('\n')}
 map services${suffix} {
  type ${type} : verdict${led === '' ? '' : `\n  elements = { ${led} }`}
 }
 set virtual${suffix} {
  type ${type}
  elements = { ${places.map(({ address }) => address).join(', ')} }
 }
 chain lead${suffix} {
  type nat hook output priority -100; policy accept;
  ${ip} daddr vmap @services${suffix}
 }
 chain refuse${suffix} {
  type filter hook output priority filter; policy accept;
  ${ip} daddr @virtual${suffix} meta l4proto tcp reject with tcp reset
  ${ip} daddr @virtual${suffix} reject
 }`;
    })
    .join('');
}

function choose(ip: 'ip' | 'ip6', targets: readonly string[]): string {
  const [only = ''] = targets;
  if (targets.length === 1) return `dnat ${ip} to ${only}`;
  const choices = targets.map((target, index) => `${index} : ${target}`).join(', ');
  return `dnat ${ip} to numgen inc mod ${targets.length} map { ${choices} }`;
}

function rotated<Item>(items: readonly Item[], turn: number): readonly Item[] {
  const start = items.length === 0 ? 0 : turn % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
