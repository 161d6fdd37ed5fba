import { isIPv4, isIPv6 } from 'node:net';
import { isInterfaceName } from '../../model/interface-name.ts';
import { overlaps, parseCidr } from '../../model/ip-range.ts';
import type { ComposeEndpoint, ComposeService } from '../compose-types.ts';
import type { NodePath } from '../tree/node.ts';
import { builtInNetwork, networkModeOf, type NetworkDefinitions } from './built-in-network.ts';
import { endpointOptionNames, endpointOptionProblem } from './endpoint-options.ts';
import type { Report } from './network-problems.ts';

/** A service, as far as its networks go. */
type Service = Pick<ComposeService, 'network_mode' | 'networks' | 'ports' | 'mac_address' | 'links' | 'external_links'>;

/** Attributes that need a network namespace with interfaces of the service's own. */
const attributesOfNetworks = ['ports', 'mac_address', 'links', 'external_links'] as const;

/** A service's places in the networks of its stack. */
export function checkServiceNetworks(
  path: NodePath,
  service: Service,
  networks: NetworkDefinitions,
  report: Report,
): void {
  const mode = networkModeOf(service, networks);
  if (mode !== undefined && mode !== 'bridge') checkWithoutNetworks(path, service, mode, report);
  checkBuiltIns(path, service, networks, mode, report);
  const endpoints = Object.entries(service.networks ?? {}).flatMap(([key, endpoint]) =>
    endpoint === null ? [] : [[key, endpoint] as const],
  );
  const names = new Map<string, string>();
  for (const [key, endpoint] of endpoints) {
    const at = [...path, 'networks', key];
    checkEndpoint(at, endpoint, report);
    if (networks[key]?.driver === 'ipvlan' && endpoint.mac_address !== undefined) {
      report(
        [...at, 'mac_address'],
        'with ipvlan all have the MAC of the host',
        'remove it, or use the driver macvlan',
      );
    }
    const name = endpoint.interface_name;
    if (name === undefined) continue;
    const other = names.get(name);
    if (other !== undefined) report([...at, 'interface_name'], `${name} is the interface of network ${other} already`);
    names.set(name, key);
  }
  checkMac(path, service, report);
  for (const [index, { host_ip: address }] of (service.ports ?? []).entries()) {
    if (address !== '::1') continue;
    report([...path, 'ports', index], 'the kernel translates nothing that goes to ::1', 'use 127.0.0.1');
  }
}

function checkWithoutNetworks(path: NodePath, service: Service, mode: string, report: Report): void {
  for (const key of attributesOfNetworks) {
    if ((service[key]?.length ?? 0) === 0) continue;
    const owner = mode === 'host' ? 'it has the network of the host' : 'it has no network of its own';
    report([...path, key], `${key} cannot be combined with network_mode ${mode}: ${owner}`, `remove ${key}`);
  }
}

/** Built-in networks stand for a network mode, beside which there are no other networks. */
function checkBuiltIns(
  path: NodePath,
  service: Service,
  networks: NetworkDefinitions,
  mode: string | undefined,
  report: Report,
): void {
  for (const [key, endpoint] of Object.entries(service.networks ?? {})) {
    const builtIn = builtInNetwork(networks[key]);
    if (builtIn === undefined) continue;
    const at = [...path, 'networks', key];
    if (mode === undefined)
      report(at, `the network ${builtIn} cannot be combined with other networks`, 'remove the others');
    const [option] = Object.keys(endpoint ?? {});
    if (option === undefined) continue;
    report([...at, option], `${option} has no effect on the network ${builtIn}`, 'remove it');
  }
}

function checkEndpoint(at: NodePath, endpoint: ComposeEndpoint, report: Report): void {
  const { ipv4_address: ipv4, ipv6_address: ipv6, interface_name: name, driver_opts: options = {} } = endpoint;
  if (ipv4 !== undefined && !isIPv4(ipv4)) report([...at, 'ipv4_address'], `"${ipv4}" is no IPv4 address`);
  if (ipv6 !== undefined && !isIPv6(ipv6)) report([...at, 'ipv6_address'], `"${ipv6}" is no IPv6 address`);
  if (name !== undefined && !isInterfaceName(name)) {
    report(
      [...at, 'interface_name'],
      `"${name}" is no name of a network interface`,
      'at most 15 letters, digits, -, _ and .',
    );
  }
  for (const [index, address] of (endpoint.link_local_ips ?? []).entries()) {
    if (isLinkLocal(address)) continue;
    report([...at, 'link_local_ips', index], `"${address}" is no link-local address`, '169.254.0.0/16 or fe80::/10');
  }
  for (const [option, value] of Object.entries(options)) {
    const place = [...at, 'driver_opts', option];
    const expected = endpointOptionProblem(option, value);
    if (expected === undefined)
      report(place, `there is no option ${option}`, `known: ${endpointOptionNames.join(', ')}`);
    else if (expected !== null) report(place, `${option}: "${value}" is not ${expected}`);
  }
}

function isLinkLocal(address: string): boolean {
  const isIpv6 = address.includes(':');
  const range = parseCidr(`${address}/${isIpv6 ? 128 : 32}`);
  // Not read in advance: the first look at an address compiles an expression that takes 5 ms.
  const linkLocal = parseCidr(isIpv6 ? 'fe80::/10' : '169.254.0.0/16');
  return range !== undefined && linkLocal !== undefined && overlaps(linkLocal, range);
}

/** The service's MAC is that of its first network, which may say the same and nothing else. */
function checkMac(path: NodePath, service: Service, report: Report): void {
  const places: (readonly [NodePath, string | undefined])[] = [
    [[...path, 'mac_address'], service.mac_address],
    ...Object.entries(service.networks ?? {}).map(
      ([key, endpoint]) => [[...path, 'networks', key, 'mac_address'], endpoint?.mac_address] as const,
    ),
  ];
  for (const [at, mac] of places) {
    if (mac !== undefined && !isMac(mac))
      report(at, `"${mac}" is no MAC address of one machine`, 'write it as 02:42:ac:11:00:05');
  }
  const first = firstNetwork(service.networks);
  const own = first === undefined ? undefined : service.networks?.[first]?.mac_address;
  if (first === undefined || own === undefined || service.mac_address === undefined) return;
  if (own.toLowerCase() === service.mac_address.toLowerCase()) return;
  const message = `${own} differs from the mac_address of the service, whose first network this is`;
  report([...path, 'networks', first, 'mac_address'], message, 'remove one of them');
}

/** Six octets, of which the first says that it is no address of a group. */
function isMac(text: string): boolean {
  return /^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(text) && Number.parseInt(text.slice(0, 2), 16) % 2 === 0;
}

/** The one of the highest priority, among equals the first by name. */
function firstNetwork(networks: ComposeService['networks']): string | undefined {
  return Object.entries(networks ?? {}).toSorted(
    ([a, left], [b, right]) => (right?.priority ?? 0) - (left?.priority ?? 0) || (a < b ? -1 : 1),
  )[0]?.[0];
}
