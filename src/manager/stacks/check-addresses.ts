/** Subnets and addresses that the file asks for: says what is wrong with them before anything is made. */
import type { NetworkObject } from '../../model/objects.ts';
import type { NetworkSpec, ServiceSpec } from '../../model/spec.ts';
import { overlaps, parseAddress, parseCidr } from '../allocator/ipv4.ts';
import { ClaimedError, InvalidRequestError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';

/** Throws ClaimedError when a new network wants a subnet that another one has. One that goes away is waited for. */
export function checkSubnet(view: StoreView, stack: string, key: string, wanted: NetworkSpec): void {
  for (const { subnet } of wanted.ipam) {
    const range = subnet === null ? undefined : parseCidr(subnet);
    const owner = view.all('network').find((network) => {
      const other = parseCidr(network.subnet);
      const isOwn = network.stack === stack && network.key === key;
      return range !== undefined && other !== undefined && overlaps(range, other) && !isOwn && !isGoing(view, network);
    });
    if (owner === undefined) continue;
    throw new ClaimedError(
      `subnet ${subnet} of network ${wanted.name} overlaps ${owner.subnet} of network ${owner.name}`,
    );
  }
}

function isGoing(view: StoreView, { stack }: NetworkObject): boolean {
  return stack !== null && view.ofStack('stack', stack)[0]?.removing === true;
}

/** Throws InvalidRequestError when a service asks for an address that its network cannot have. */
export function checkStaticAddresses(service: ServiceSpec, networks: Readonly<Record<string, NetworkSpec>>): void {
  for (const { network: key, ipv4Address } of service.networks) {
    const network = networks[key];
    if (ipv4Address === null || network === undefined || network.external) continue;
    const subnets = network.ipam.flatMap(({ subnet }) => (subnet === null ? [] : [subnet]));
    if (subnets.length === 0) {
      throw new InvalidRequestError(
        `service ${service.name}: address ${ipv4Address} needs network ${key} to have a subnet`,
        {
          hint: `give network ${key} an \`ipam.config.subnet\` that holds the address`,
        },
      );
    }
    if (!subnets.some((subnet) => isHostAddress(subnet, ipv4Address))) {
      throw new InvalidRequestError(
        `service ${service.name}: ${ipv4Address} is no host address of ${subnets.join(', ')}, the subnet of network ${key}`,
      );
    }
    if (service.replicas > 1) {
      throw new InvalidRequestError(
        `service ${service.name}: ${service.replicas} replicas cannot share address ${ipv4Address}`,
      );
    }
  }
}

function isHostAddress(subnet: string, text: string): boolean {
  const range = parseCidr(subnet);
  const address = parseAddress(text);
  return range !== undefined && address !== undefined && address > range.first && address < range.last;
}
