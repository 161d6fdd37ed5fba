import type { NetworkObject } from '../../model/objects.ts';
import type { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import { chooseSubnet } from './address-pool.ts';
import { formatAddress, overlaps, parseCidr } from './ipv4.ts';

/**
 * Gives every network that has none a subnet. Nothing is chosen before a node has told its routes. Networks for which there is
 * none now keep waiting, and their tasks say so.
 */
export function allocateSubnets(view: StoreView, changes: ChangeSet): void {
  const nodes = view.all('node');
  const waiting = view.all('network').filter(({ subnet, spec }) => subnet === '' && !spec.external);
  if (nodes.length === 0 || waiting.length === 0) return;
  const existing = view.all('network').filter(({ subnet }) => subnet !== '');
  const taken = existing.map(({ subnet }) => subnet);
  const routes = nodes.flatMap(({ description }) => description.routes);
  let last = lastOf(existing);
  for (const network of waiting) {
    const wanted = network.spec.ipam.find(({ subnet }) => subnet !== null)?.subnet ?? null;
    const subnet = wanted === null ? chooseSubnet([...taken, ...routes], last) : freeOrNone(wanted, taken);
    if (subnet === undefined) continue;
    changes.put(withSubnet(network, subnet));
    taken.push(subnet);
    if (wanted === null) last = subnet;
  }
}

/** The one chosen last, after which the search goes on. */
function lastOf(networks: readonly NetworkObject[]): string | null {
  return networks.findLast(({ spec }) => spec.ipam.every(({ subnet }) => subnet === null))?.subnet ?? null;
}

/** A subnet that the user chose is taken as it is; only another network of ours can be in the way. */
function freeOrNone(wanted: string, taken: readonly string[]): string | undefined {
  const range = parseCidr(wanted);
  if (range === undefined) return undefined;
  const isTaken = taken.some((text) => {
    const other = parseCidr(text);
    return other !== undefined && overlaps(other, range);
  });
  return isTaken ? undefined : wanted;
}

function withSubnet(network: NetworkObject, subnet: string): NetworkObject {
  const wanted = network.spec.ipam.find(({ gateway }) => gateway !== null)?.gateway;
  const first = (parseCidr(subnet)?.first ?? 0) + 1;
  return { ...network, subnet, gateway: wanted ?? formatAddress(first) };
}
