import type { NetworkObject, NetworkPool } from '../../model/objects.ts';
import type { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import { chooseSubnet, uniqueLocalPool } from './address-pool.ts';
import { formatAddress, hostRange, overlaps, parseCidr, type IpFamily, type IpRange } from '../../model/ip-range.ts';

/** What is in the way of new subnets, and the ones chosen last, after which the search goes on. */
interface Surroundings {
  readonly networks: NetworkObject[];
  /** Destinations of the nodes' routes. */
  readonly routes: readonly string[];
  /** Makes the unique local addresses of this cluster different from others'. */
  readonly seed: string;
}

/**
 * Gives every network that has none its subnets. Nothing is chosen before a node has told its routes. Networks for which there is
 * none now keep waiting, and their tasks say so.
 */
export function allocateSubnets(view: StoreView, changes: ChangeSet): void {
  const nodes = view.all('node');
  const waiting = view.all('network').filter(({ pools, spec }) => pools.length === 0 && !spec.external);
  if (nodes.length === 0 || waiting.length === 0) return;
  const surroundings = {
    networks: view.all('network').filter(({ pools }) => pools.length > 0),
    routes: nodes.flatMap(({ description }) => description.routes),
    seed: nodes.map(({ id }) => id).sort()[0] ?? '',
  };
  for (const network of waiting) {
    const pools = choosePools(network, surroundings);
    if (pools === undefined) continue;
    const allocated = { ...network, pools };
    changes.put(allocated);
    surroundings.networks.push(allocated);
  }
}

/** The subnets of both families, or undefined while one of them is not to be had. */
function choosePools(network: NetworkObject, surroundings: Surroundings): readonly NetworkPool[] | undefined {
  // Until the former network of a changed definition has gone, its bridge bears the name that the definition asks for.
  if (surroundings.networks.some(({ bridge }) => bridge === network.bridge)) return undefined;
  const { enableIpv4, enableIpv6 } = network.spec;
  const families: readonly IpFamily[] = [...(enableIpv4 ? [4 as const] : []), ...(enableIpv6 ? [6 as const] : [])];
  const pools = families.map((family) => poolsOf(network, family, surroundings));
  return pools.some((some) => some.length === 0) ? undefined : pools.flat();
}

/** Empty when there is none. */
function poolsOf(network: NetworkObject, family: IpFamily, surroundings: Surroundings): readonly NetworkPool[] {
  const wanted = network.spec.ipam.flatMap(({ subnet, gateway }) => {
    const range = parseCidr(subnet ?? '');
    return subnet !== null && range?.family === family ? [{ subnet, gateway, range }] : [];
  });
  if (wanted.length === 0) return poolFromDefaults(family, surroundings);
  const taken = surroundings.networks.flatMap(({ pools }) => pools.flatMap(({ subnet }) => parseCidr(subnet) ?? []));
  // A subnet that the user chose is taken as it is; only another network of ours can be in the way.
  if (wanted.some(({ range }) => taken.some((other) => overlaps(other, range)))) return [];
  return wanted.map(({ subnet, gateway, range }) => ({ subnet, gateway: gateway ?? firstHost(range) }));
}

function poolFromDefaults(family: IpFamily, { networks, routes, seed }: Surroundings): readonly NetworkPool[] {
  const taken = networks.flatMap(({ pools }) => pools.map(({ subnet }) => subnet));
  const defaults = family === 6 ? [uniqueLocalPool(seed)] : undefined;
  const subnet = chooseSubnet([...taken, ...routes], lastOf(networks, family), defaults);
  const range = parseCidr(subnet ?? '');
  return subnet === undefined || range === undefined ? [] : [{ subnet, gateway: firstHost(range) }];
}

/** The default subnet of that family that was chosen last. */
function lastOf(networks: readonly NetworkObject[], family: IpFamily): string | null {
  const isOf = (text: string | null): boolean => parseCidr(text ?? '')?.family === family;
  const isDefault = ({ pools, spec }: NetworkObject): boolean =>
    pools.some(({ subnet }) => isOf(subnet)) && !spec.ipam.some(({ subnet }) => isOf(subnet));
  return networks.findLast(isDefault)?.pools.find(({ subnet }) => isOf(subnet))?.subnet ?? null;
}

function firstHost(range: IpRange): string {
  return formatAddress({ family: range.family, value: hostRange(range).first });
}
