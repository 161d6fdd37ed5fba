import { readBridgeOptions } from '../../../src/model/bridge-options.ts';
import { isVlanDriver, readVlanOptions } from '../../../src/model/vlan-options.ts';
import { addressFamily, wayOut } from '../../../src/model/way-out.ts';
import type { NetworkObject } from '../../../src/model/objects.ts';
import type { EnsureSandboxRequest } from '../native/net-protocol.ts';
import type { SandboxInterface, SandboxRequest } from '../tasks/task-host.ts';

/** Containers may ping and bind low ports without a capability, as elsewhere in this field. */
const defaultSysctls = {
  'net.ipv4.ping_group_range': '0 2147483647',
  'net.ipv4.ip_unprivileged_port_start': '0',
} as const;

/** Prefix lengths of the link-local ranges (RFC 3927, RFC 4291). */
const linkLocalPrefix = { 4: 16, 6: 64 } as const;

/** What tsstack-net is to make for a container. */
export function sandboxRequest(
  request: SandboxRequest,
  mtuOf: (network: NetworkObject) => number,
): EnsureSandboxRequest {
  const { id, path, users, hostname, interfaces, links, upstreams } = request;
  const names = interfaceNames(interfaces);
  const outward = { 4: wayOut(interfaces, 4), 6: wayOut(interfaces, 6) };
  const isInternal = interfaces.every(({ network }) => network.spec.internal);
  return {
    op: 'sandbox.ensure',
    id,
    path,
    users,
    hostname,
    interfaces: interfaces.map((wanted, index) => ({
      name: names[index] ?? '',
      network: wanted.network.id,
      ...placeOf(wanted),
      addresses: [...wanted.addresses, ...wanted.linkLocalAddresses.map(withLinkLocalPrefix)],
      gateways: isRoutedByDevice(wanted)
        ? []
        : wanted.gateways.filter((gateway) => wanted === outward[addressFamily(gateway)]),
      mtu: mtuOf(wanted.network),
      isolated: !readBridgeOptions(wanted.network.spec.driverOptions).interContainer,
      routes: [...neighbourRoutes(wanted), ...deviceRoutes(wanted, outward)],
    })),
    dns:
      interfaces.length === 0
        ? null
        : {
            networks: interfaces.map(({ network }) => network.id),
            upstreams,
            internal: isInternal,
            links: Object.fromEntries(links.map(({ alias, target }) => [alias.toLowerCase(), target.toLowerCase()])),
          },
    sysctls: { ...defaultSysctls, ...interfaceSysctls(interfaces, names) },
  };
}

type Interface = EnsureSandboxRequest['interfaces'][0];

/** What the interface is connected to. With ipvlan it has the MAC of the host's link. */
function placeOf({ network: { spec, bridge }, mac }: SandboxInterface): Pick<Interface, 'bridge' | 'parent' | 'mac'> {
  if (!isVlanDriver(spec.driver)) return { bridge, parent: null, mac };
  const { parent, mode } = readVlanOptions(spec.driver, spec.driverOptions);
  return {
    bridge: null,
    parent: { link: parent, kind: spec.driver, mode },
    mac: spec.driver === 'macvlan' ? mac : null,
  };
}

/** The host routes for ipvlan's modes l3 and l3s: there is no gateway to be found on the wire. */
function isRoutedByDevice({ network: { spec } }: SandboxInterface): boolean {
  return spec.driver === 'ipvlan' && readVlanOptions('ipvlan', spec.driverOptions).mode !== 'l2';
}

function deviceRoutes(
  wanted: SandboxInterface,
  outward: Readonly<Record<4 | 6, SandboxInterface | undefined>>,
): Interface['routes'] {
  if (!isRoutedByDevice(wanted)) return [];
  const everywhere = { 4: '0.0.0.0/0', 6: '::/0' } as const;
  return ([4, 6] as const)
    .filter((family) => outward[family] === wanted)
    .map((family) => ({ destination: everywhere[family], gateway: null }));
}

/** Those that the file gives, and for the others the network's prefix and the next number. */
function interfaceNames(interfaces: readonly SandboxInterface[]): readonly string[] {
  const given = new Set(interfaces.flatMap(({ name }) => name ?? []));
  let next = 0;
  return interfaces.map(({ name, network }) => {
    if (name !== null) return name;
    const prefix = readBridgeOptions(network.spec.driverOptions).interfacePrefix;
    while (given.has(`${prefix}${next}`)) next += 1;
    return `${prefix}${next++}`;
  });
}

/** Other subnets of the same network are on the same wire. */
function neighbourRoutes({ network, gateways, addresses }: SandboxInterface): Interface['routes'] {
  const families = new Set(addresses.map(addressFamily));
  return network.pools
    .filter(({ subnet, gateway }) => !gateways.includes(gateway) && families.has(addressFamily(subnet)))
    .map(({ subnet }) => ({ destination: subnet, gateway: null }));
}

function withLinkLocalPrefix(address: string): string {
  return `${address}/${linkLocalPrefix[addressFamily(address)]}`;
}

/** Dots in the name of an interface are slashes there, as for sysctl(8). */
function interfaceSysctls(
  interfaces: readonly SandboxInterface[],
  names: readonly string[],
): Readonly<Record<string, string>> {
  const settings = interfaces.flatMap(({ sysctls }, index) => {
    const name = (names[index] ?? '').replaceAll('.', '/');
    return Object.entries(sysctls).map(([key, value]) => [key.replace('.IFNAME.', `.${name}.`), value] as const);
  });
  return Object.fromEntries(settings);
}
