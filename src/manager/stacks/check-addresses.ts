/** Subnets and addresses that the file asks for: says what is wrong with them before anything is made. */
import type { NetworkObject } from '../../model/objects.ts';
import type { NetworkSpec, ServiceSpec } from '../../model/spec.ts';
import { isHostAddress, overlaps, parseAddress, parseCidr, type IpRange } from '../../model/ip-range.ts';
import { ClaimedError, InvalidRequestError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';

/** Throws ClaimedError when a new network wants a subnet that another one has. One that goes away is waited for. */
export function checkSubnet(view: StoreView, stack: string, key: string, wanted: NetworkSpec): void {
  for (const { subnet } of wanted.ipam) {
    const range = subnet === null ? undefined : parseCidr(subnet);
    if (range === undefined) continue;
    for (const network of view.all('network')) {
      const isOwn = network.stack === stack && network.key === key;
      const other = isOwn || isGoing(view, network) ? undefined : overlapping(network, range);
      if (other === undefined) continue;
      throw new ClaimedError(`subnet ${subnet} of network ${wanted.name} overlaps ${other} of network ${network.name}`);
    }
  }
}

function overlapping({ pools }: NetworkObject, range: IpRange): string | undefined {
  return pools.find(({ subnet }) => {
    const other = parseCidr(subnet);
    return other !== undefined && overlaps(range, other);
  })?.subnet;
}

function isGoing(view: StoreView, { stack }: NetworkObject): boolean {
  return stack !== null && view.ofStack('stack', stack)[0]?.removing === true;
}

/** Throws InvalidRequestError when a service asks for an address that its network cannot have. */
export function checkStaticAddresses(service: ServiceSpec, networks: Readonly<Record<string, NetworkSpec>>): void {
  for (const { network: key, ipv4Address, ipv6Address, macAddress } of service.networks) {
    const network = networks[key];
    if (network === undefined) continue;
    for (const address of [ipv4Address, ipv6Address]) {
      if (address !== null && !network.external) checkStaticAddress(service.name, key, network, address);
    }
    const fixed = ipv4Address ?? ipv6Address ?? macAddress;
    if (fixed === null || service.replicas <= 1) continue;
    throw new InvalidRequestError(
      `service ${service.name}: ${service.replicas} replicas cannot share address ${fixed}`,
      { keys: ['services', service.name, 'networks', key], hint: 'run one replica, or let the addresses be chosen' },
    );
  }
}

function checkStaticAddress(service: string, key: string, network: NetworkSpec, address: string): void {
  const isIpv6 = address.includes(':');
  const keys = ['services', service, 'networks', key, isIpv6 ? 'ipv6_address' : 'ipv4_address'];
  if (!(isIpv6 ? network.enableIpv6 : network.enableIpv4)) {
    const family = isIpv6 ? 'ipv6' : 'ipv4';
    throw new InvalidRequestError(`service ${service}: address ${address} needs network ${key} to have that family`, {
      keys,
      hint: `give network ${key} \`enable_${family}: true\` and an \`ipam.config.subnet\` that holds the address`,
    });
  }
  const subnets = network.ipam.flatMap(({ subnet }) => subnet ?? []).filter((text) => text.includes(':') === isIpv6);
  if (subnets.length === 0) {
    throw new InvalidRequestError(`service ${service}: address ${address} needs network ${key} to have a subnet`, {
      keys,
      hint: `give network ${key} an \`ipam.config.subnet\` that holds the address`,
    });
  }
  const parsed = parseAddress(address);
  const isInside = subnets.some((subnet) => {
    const range = parseCidr(subnet);
    return range !== undefined && parsed !== undefined && isHostAddress(range, parsed);
  });
  if (isInside) return;
  throw new InvalidRequestError(
    `service ${service}: ${address} is no host address of ${subnets.join(', ')}, the subnet of network ${key}`,
    { keys },
  );
}
