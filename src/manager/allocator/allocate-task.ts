import { shortId } from '../../model/ids.ts';
import type { NetworkObject, TaskAttachment, TaskObject } from '../../model/objects.ts';
import type { NetworkAttachmentSpec } from '../../model/spec.ts';
import { findNetwork } from '../stacks/find-resources.ts';
import type { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import { withWaitReason } from '../tasks/task-wait.ts';
import type { AddressBook } from './address-book.ts';
import { chooseAddress } from './address-pool.ts';
import {
  formatAddress,
  isHostAddress,
  macOf,
  parseAddress,
  parseCidr,
  type IpAddress,
  type IpFamily,
  type IpRange,
} from '../../model/ip-range.ts';

/** What addresses are given out from. */
export interface Allocation {
  readonly view: StoreView;
  readonly changes: ChangeSet;
  readonly addresses: AddressBook;
}

/** Gives a new task an address in each of its networks; it is `pending` then. When something is missing it stays `new` and says why. */
export function allocateTask(task: TaskObject, on: Allocation): void {
  if (isLeaving(task)) return;
  const attachments: TaskAttachment[] = [];
  for (const wanted of task.spec.networks) {
    const result = attach(task, wanted, on);
    if ('reason' in result) {
      on.changes.put(withWaitReason(task, result.reason));
      return;
    }
    attachments.push(result);
  }
  for (const { networkId, addresses } of attachments) {
    for (const address of addresses) on.addresses.take(networkId, address);
  }
  on.changes.put({ ...task, attachments, status: { ...task.status, state: 'pending', message: '' } });
}

type Refusal = { readonly reason: string };

function attach(task: TaskObject, wanted: NetworkAttachmentSpec, on: Allocation): TaskAttachment | Refusal {
  const network = resolveNetwork(task.stack, wanted.network, on);
  if (network === undefined || network.pools.length === 0) return { reason: whyNoSubnet(on, network, wanted.network) };
  const places: Place[] = [];
  for (const family of familiesOf(network)) {
    const place = chooseFor(network, family, wanted, on.addresses);
    if ('reason' in place) return place;
    places.push(place);
  }
  const [first] = places;
  if (first === undefined) throw new TypeError(`network ${network.name} has subnets of no family`);
  return {
    networkId: network.id,
    network: wanted.network,
    addresses: places.map(({ address, pool }) => `${formatAddress(address)}/${pool.prefix}`),
    gateways: places.map(({ pool }) => pool.gateway),
    mac: wanted.macAddress ?? macOf(first.address),
    aliases: aliasesOf(task, wanted),
  };
}

function whyNoSubnet({ view }: Allocation, network: NetworkObject | undefined, key: string): string {
  if (network === undefined) return `network ${key} does not exist any more`;
  if (view.all('node').length === 0) return 'no node has joined yet';
  const wanted = network.spec.ipam.flatMap(({ subnet }) => subnet ?? []);
  if (wanted.length === 0) return `no subnet is free for network ${network.name}`;
  return `subnet ${wanted.join(', ')} of network ${network.name} overlaps that of another network`;
}

function resolveNetwork(stack: string, key: string, { view, changes }: Allocation): NetworkObject | undefined {
  const found = findNetwork(view, stack, key);
  return found === undefined ? undefined : changes.get('network', found.id);
}

/** A subnet of a network as ranges. */
interface Pool {
  readonly range: IpRange;
  readonly prefix: number;
  readonly gateway: string;
  /** Part of it that addresses are chosen from. */
  readonly choice: IpRange;
}

interface Place {
  readonly address: IpAddress;
  readonly pool: Pool;
}

/** IPv4 first. */
function familiesOf(network: NetworkObject): readonly IpFamily[] {
  const found = new Set(network.pools.flatMap(({ subnet }) => parseCidr(subnet)?.family ?? []));
  return [...found].sort();
}

function poolsOf({ pools, spec }: NetworkObject, family: IpFamily): readonly Pool[] {
  return pools.flatMap(({ subnet, gateway }) => {
    const range = parseCidr(subnet);
    if (range?.family !== family) return [];
    const choice = parseCidr(spec.ipam.find((pool) => pool.subnet === subnet)?.ipRange ?? '') ?? range;
    return [{ range, prefix: range.prefix, gateway, choice }];
  });
}

/** An address of that family: the one that the file gives, or the next free one of the first pool that has any left. */
function chooseFor(
  network: NetworkObject,
  family: IpFamily,
  { ipv4Address, ipv6Address }: NetworkAttachmentSpec,
  addresses: AddressBook,
): Place | Refusal {
  const pools = poolsOf(network, family);
  const fixed = family === 4 ? ipv4Address : ipv6Address;
  if (fixed !== null) return checkStatic(network, pools, fixed, addresses);
  const place = chooseFree(network, family, addresses);
  return place ?? { reason: `network ${network.name} has no free address left in ${subnetsOf(network, family)}` };
}

function chooseFree(network: NetworkObject, family: IpFamily, addresses: AddressBook): Place | undefined {
  const taken = addresses.taken(network, family);
  for (const pool of poolsOf(network, family)) {
    const address = chooseAddress(pool.range, taken, addresses.last(network.id, family), pool.choice);
    if (address !== undefined) return { address, pool };
  }
  return undefined;
}

/** Takes a free address of each family, without prefix length; undefined when a family has none left. */
export function takeFree(network: NetworkObject, addresses: AddressBook): readonly string[] | undefined {
  const places = familiesOf(network).map((family) => chooseFree(network, family, addresses));
  const texts = places.flatMap((place) => (place === undefined ? [] : formatAddress(place.address)));
  if (texts.length < places.length) return undefined;
  for (const text of texts) addresses.take(network.id, text);
  return texts;
}

function checkStatic(
  network: NetworkObject,
  pools: readonly Pool[],
  text: string,
  addresses: AddressBook,
): Place | Refusal {
  const address = parseAddress(text);
  const pool = address === undefined ? undefined : pools.find(({ range }) => isHostAddress(range, address));
  if (address === undefined || pool === undefined) {
    const subnets = subnetsOf(network, text.includes(':') ? 6 : 4);
    return { reason: `${text} is no host address of ${subnets}, the subnet of network ${network.name}` };
  }
  if (addresses.isTaken(network, address)) return { reason: `address ${text} of network ${network.name} is in use` };
  return { address, pool };
}

function subnetsOf({ pools }: NetworkObject, family: IpFamily): string {
  const subnets = pools.map(({ subnet }) => subnet);
  return subnets.filter((subnet) => parseCidr(subnet)?.family === family).join(', ');
}

/** Names under which the task is known on the network. Those of a service are not a one-off's, unless it asked for them. */
function aliasesOf(task: TaskObject, { aliases }: NetworkAttachmentSpec): readonly string[] {
  const own = [task.containerName, shortId(task.id)];
  const isService = task.oneOff === null || task.oneOff.useAliases;
  return [...new Set(isService ? [task.service, ...aliases, ...own] : own)];
}
