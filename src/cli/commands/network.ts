import type { NetworkObject } from '../../model/objects.ts';
import { shortId } from '../../model/ids.ts';
import { parseCidr } from '../../model/ip-range.ts';
import type { ComposeNetwork } from '../../stack/compose-types.ts';
import { lowerNetwork } from '../../stack/lower/lower-network.ts';
import { UsageError } from '../errors.ts';
import { objectVerb } from '../objects/object-verb.ts';
import { readPairs } from '../objects/read-pairs.ts';

const createFlags = {
  attachable: { type: 'boolean', help: 'create: stacks may join it, also as an overlay' },
  'aux-address': { type: 'strings', value: 'NAME=ADDRESS', help: 'create: an address that no container gets' },
  driver: {
    type: 'string',
    short: 'd',
    value: 'DRIVER',
    choices: ['bridge', 'overlay', 'macvlan', 'ipvlan'],
    help: 'create: driver of the network: bridge (default), overlay, macvlan or ipvlan',
  },
  gateway: { type: 'strings', value: 'ADDRESS', help: 'create: address of the host in a subnet' },
  internal: { type: 'boolean', help: 'create: no way out of it' },
  'ip-range': { type: 'strings', value: 'CIDR', help: 'create: part of a subnet that containers get addresses of' },
  ipv6: { type: 'boolean', help: 'create: with IPv6 addresses' },
  label: { type: 'strings', value: 'NAME=VALUE', help: 'create: a label' },
  opt: { type: 'strings', short: 'o', value: 'NAME=VALUE', help: 'create: an option of the driver' },
  subnet: { type: 'strings', value: 'CIDR', help: 'create: its addresses, of either family; default: free ones' },
} as const;

/** `tsstack network` */
export const network = objectVerb<NetworkObject, typeof createFlags>({
  kind: 'network',
  name: 'network',
  createUsage: 'NAME',
  createArity: [1, 1],
  createFlags,
  pruneFlags: ['force'],
  spec: async ({ flags }, [name = '']) => {
    const config = poolsOf(flags.subnet, {
      isIpv6: flags.ipv6,
      gateway: flags.gateway,
      ip_range: flags['ip-range'],
      aux_addresses: Object.entries(readPairs('aux-address', flags['aux-address'])),
    });
    return lowerNetwork(name, {
      name,
      driver: flags.driver ?? 'bridge',
      driver_opts: readPairs('opt', flags.opt),
      internal: flags.internal,
      attachable: flags.attachable,
      enable_ipv6: flags.ipv6,
      labels: readPairs('label', flags.label),
      ipam: config.length === 0 ? {} : { config },
    });
  },
  titles: ['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'],
  cells: ({ id, name, spec }) => [shortId(id), name, spec.driver, 'local'],
  describe: ({ id, name, spec, createdAt, stack, pools }) => ({
    Id: id,
    Name: name,
    Created: createdAt,
    Driver: spec.driver,
    Scope: 'local',
    EnableIPv4: spec.enableIpv4,
    EnableIPv6: spec.enableIpv6,
    Internal: spec.internal,
    Attachable: spec.attachable,
    IPAM: { Config: pools.map(({ subnet, gateway }) => ({ Subnet: subnet, Gateway: gateway })) },
    Options: spec.driverOptions,
    Labels: spec.labels,
    Stack: stack,
  }),
});

/** What is said of subnets, each belonging to the one that it lies in. */
interface SubnetParts {
  /** Whether the network has IPv6. */
  readonly isIpv6: boolean;
  readonly gateway: readonly string[];
  readonly ip_range: readonly string[];
  readonly aux_addresses: readonly (readonly [string, string])[];
}

function poolsOf(subnets: readonly string[], parts: SubnetParts): NonNullable<ComposeNetwork['ipam']['config']> {
  for (const subnet of subnets) checkSubnet(subnet, parts.isIpv6);
  const inSubnet = (flag: string, text: string): number => {
    const index = subnets.findIndex((subnet) => isPart(subnet, text));
    if (index === -1) throw new UsageError(`--${flag} ${text} is in no --subnet`, 'give the subnet that it belongs to');
    return index;
  };
  const gateways = new Map(parts.gateway.map((text) => [inSubnet('gateway', text), text]));
  const ranges = new Map(parts.ip_range.map((text) => [inSubnet('ip-range', text), text]));
  const reserved = parts.aux_addresses.map(([name, text]) => [inSubnet('aux-address', text), name, text] as const);
  return subnets.map((subnet, index) => {
    const [gateway, range] = [gateways.get(index), ranges.get(index)];
    const own = reserved.filter(([owner]) => owner === index).map(([, name, text]) => [name, text] as const);
    return {
      subnet,
      ...(gateway === undefined ? {} : { gateway }),
      ...(range === undefined ? {} : { ip_range: range }),
      aux_addresses: Object.fromEntries(own),
    };
  });
}

function checkSubnet(text: string, isIpv6: boolean): void {
  const range = parseCidr(text);
  if (range === undefined)
    throw new UsageError(`--subnet "${text}" is no subnet`, 'write it as 10.5.0.0/24 or fd00:5::/64');
  if (range.family === 6 && !isIpv6) throw new UsageError(`--subnet ${text} has no effect without IPv6`, 'add --ipv6');
}

/** Whether an address or a range lies in a subnet. */
function isPart(subnet: string, text: string): boolean {
  const outer = parseCidr(subnet);
  const inner = parseCidr(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
  if (outer === undefined || inner === undefined || outer.family !== inner.family) return false;
  return inner.first >= outer.first && inner.last <= outer.last;
}
