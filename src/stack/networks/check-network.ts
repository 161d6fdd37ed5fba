import { readBridgeOptions } from '../../model/bridge-options.ts';
import { isHostAddress, overlaps, parseAddress, parseCidr, type IpRange } from '../../model/ip-range.ts';
import { networkOptionNames, networkOptionProblem } from '../../model/network-options.ts';
import { isVlanDriver } from '../../model/vlan-options.ts';
import type { ComposeNetwork } from '../compose-types.ts';
import type { NodePath } from '../tree/node.ts';
import { builtInNetwork } from './built-in-network.ts';
import type { Report } from './network-problems.ts';

type Network = Omit<ComposeNetwork, 'name' | 'ipam'> & Partial<Pick<ComposeNetwork, 'ipam'>> & { name?: string };

/** A network of the stack's own. */
export function checkNetwork(path: NodePath, network: Network, report: Report): void {
  if (builtInNetwork(network) !== undefined) {
    checkBuiltIn(path, network, report);
    return;
  }
  if (network.enable_ipv4 === false && network.enable_ipv6 !== true) {
    report([...path, 'enable_ipv4'], 'the network has neither IPv4 nor IPv6', 'add enable_ipv6: true');
  }
  for (const option of Object.keys(network.ipam?.options ?? {})) {
    report([...path, 'ipam', 'options', option], `the driver "default" has no option ${option}`, 'remove it');
  }
  checkOptions(path, network, report);
  checkPools(path, network, report);
}

/** `driver: host` and `none` stand for the mode of that name and have nothing to be set. */
function checkBuiltIn(path: NodePath, network: Network, report: Report): void {
  const { driver = '' } = network;
  for (const key of ['driver_opts', 'internal', 'enable_ipv4', 'enable_ipv6', 'attachable'] as const) {
    if (network[key] === undefined) continue;
    report([...path, key], `${key} has no effect on a network of the driver ${driver}`, 'remove it');
  }
  if (network.ipam?.config === undefined) return;
  report([...path, 'ipam'], `ipam has no effect on a network of the driver ${driver}`, 'remove it');
}

function checkOptions(path: NodePath, network: Network, report: Report): void {
  const { driver = 'bridge', driver_opts: options = {} } = network;
  for (const [option, value] of Object.entries(options)) {
    const at = [...path, 'driver_opts', option];
    const expected = networkOptionProblem(driver, option, value);
    const hint = `it has ${networkOptionNames(driver).join(', ')}`;
    if (expected === undefined) report(at, `the driver ${driver} has no option ${option}`, hint);
    else if (expected !== null) report(at, `${option}: "${value}" is not ${expected}`);
  }
  if (isVlanDriver(driver)) checkVlan(path, network, report);
  else checkGatewayModes(path, network, report);
}

function checkGatewayModes(path: NodePath, { driver_opts: options = {}, internal }: Network, report: Report): void {
  const { gatewayMode } = readBridgeOptions(options);
  for (const family of [4, 6] as const) {
    if (gatewayMode[family] !== 'isolated' || internal === true) continue;
    const at = [...path, 'driver_opts', `com.docker.network.bridge.gateway_mode_ipv${family}`];
    report(at, 'the mode isolated is for internal networks', 'add internal: true');
  }
}

/** A network on the wire of a link of the host. */
function checkVlan(path: NodePath, { driver = '', driver_opts: options, internal }: Network, report: Report): void {
  if (options?.['parent'] === undefined) {
    report([...path, 'driver'], `the driver ${driver} needs a link of the host`, 'add driver_opts: { parent: eth0 }');
  }
  if (internal !== true) return;
  const hint = 'use the driver bridge for a network without a way out';
  report([...path, 'internal'], `a network of the driver ${driver} is on the wire of the host's link`, hint);
}

function checkPools(path: NodePath, network: Network, report: Report): void {
  const ranges: IpRange[] = [];
  for (const [index, pool] of (network.ipam?.config ?? []).entries()) {
    const at = [...path, 'ipam', 'config', index];
    const range = checkSubnet(at, pool.subnet, network, report);
    if (range === undefined) {
      if (pool.subnet === undefined) checkNoSubnet(at, pool, report);
      continue;
    }
    if (ranges.some((other) => overlaps(other, range))) {
      report([...at, 'subnet'], `${pool.subnet ?? ''} overlaps another subnet of the network`);
    }
    ranges.push(range);
    checkInside(at, pool, range, report);
  }
}

type Pool = NonNullable<ComposeNetwork['ipam']['config']>[number];

function checkSubnet(at: NodePath, subnet: string | undefined, network: Network, report: Report): IpRange | undefined {
  if (subnet === undefined) return undefined;
  const range = parseCidr(subnet);
  if (range === undefined) {
    report([...at, 'subnet'], `"${subnet}" is no subnet`, 'write it as 10.5.0.0/24 or fd00:5::/64');
    return undefined;
  }
  const isEnabled = range.family === 4 ? network.enable_ipv4 !== false : network.enable_ipv6 === true;
  if (!isEnabled) {
    const hint = `add enable_ipv${range.family}: true, or remove the subnet`;
    report([...at, 'subnet'], `${subnet} has no effect: the network has no IPv${range.family}`, hint);
  }
  return range;
}

function checkNoSubnet(at: NodePath, pool: Pool, report: Report): void {
  for (const key of ['gateway', 'ip_range', 'aux_addresses'] as const) {
    if (pool[key] !== undefined) report([...at, key], `${key} needs a subnet that it is in`, 'add subnet:');
  }
}

function checkInside(at: NodePath, pool: Pool, subnet: IpRange, report: Report): void {
  const { gateway, ip_range: choice, aux_addresses: reserved = {} } = pool;
  const addresses = [
    ...(gateway === undefined ? [] : [[[...at, 'gateway'], gateway] as const]),
    ...Object.entries(reserved).map(([name, address]) => [[...at, 'aux_addresses', name], address] as const),
  ];
  for (const [place, text] of addresses) {
    const address = parseAddress(text);
    const isInside = address !== undefined && isHostAddress(subnet, address);
    if (!isInside) report(place, `${text} is no host address of ${pool.subnet ?? ''}`);
  }
  if (choice === undefined) return;
  const range = parseCidr(choice);
  const isPart =
    range !== undefined && range.family === subnet.family && range.first >= subnet.first && range.last <= subnet.last;
  if (!isPart) report([...at, 'ip_range'], `${choice} is no part of ${pool.subnet ?? ''}`);
}
