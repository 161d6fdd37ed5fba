import type { NetworkObject } from '../../model/objects.ts';
import { shortId } from '../../model/ids.ts';
import { lowerNetwork } from '../../stack/lower/lower-network.ts';
import { UsageError } from '../errors.ts';
import { objectVerb } from '../objects/object-verb.ts';
import { readPairs } from '../objects/read-pairs.ts';

const createFlags = {
  'aux-address': { type: 'strings', value: 'NAME=ADDRESS', help: 'create: an address that no container gets' },
  driver: { type: 'string', short: 'd', value: 'DRIVER', help: 'create: driver of the network (bridge)' },
  gateway: { type: 'string', value: 'ADDRESS', help: 'create: address of the host in the subnet' },
  internal: { type: 'boolean', help: 'create: no way out of it' },
  'ip-range': { type: 'string', value: 'CIDR', help: 'create: part of the subnet that containers get addresses of' },
  label: { type: 'strings', value: 'NAME=VALUE', help: 'create: a label' },
  opt: { type: 'strings', short: 'o', value: 'NAME=VALUE', help: 'create: an option of the driver' },
  subnet: { type: 'string', value: 'CIDR', help: 'create: its addresses; default: free ones' },
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
    const { subnet, gateway, 'ip-range': ipRange, 'aux-address': auxiliary } = flags;
    const isDetailed = gateway !== undefined || ipRange !== undefined || auxiliary.length > 0;
    if (subnet === undefined && isDetailed)
      throw new UsageError('--gateway, --ip-range and --aux-address need --subnet');
    const pool = {
      ...(subnet === undefined ? {} : { subnet }),
      ...(gateway === undefined ? {} : { gateway }),
      ...(ipRange === undefined ? {} : { ip_range: ipRange }),
      aux_addresses: readPairs('aux-address', auxiliary),
    };
    return lowerNetwork(name, {
      name,
      driver: flags.driver ?? 'bridge',
      driver_opts: readPairs('opt', flags.opt),
      internal: flags.internal,
      labels: readPairs('label', flags.label),
      ipam: subnet === undefined ? {} : { config: [pool] },
    });
  },
  titles: ['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'],
  cells: ({ id, name }) => [shortId(id), name, 'bridge', 'local'],
  describe: ({ id, name, spec, createdAt, stack, pools }) => ({
    Id: id,
    Name: name,
    Created: createdAt,
    Driver: 'bridge',
    Scope: 'local',
    Internal: spec.internal,
    IPAM: { Config: pools.map(({ subnet, gateway }) => ({ Subnet: subnet, Gateway: gateway })) },
    Options: spec.driverOptions,
    Labels: spec.labels,
    Stack: stack,
  }),
});
