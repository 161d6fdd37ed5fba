import { shortId } from '../../model/ids.ts';
import type { NetworkObject, TaskAttachment, TaskObject } from '../../model/objects.ts';
import type { NetworkAttachmentSpec } from '../../model/spec.ts';
import { findForeignNetwork, findOwnNetwork } from '../stacks/find-resources.ts';
import type { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import { withWaitReason } from '../tasks/task-wait.ts';
import type { AddressBook } from './address-book.ts';
import { chooseAddress } from './address-pool.ts';
import { formatAddress, macOf, parseAddress, parseCidr, type Ipv4Range } from './ipv4.ts';

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
  for (const { networkId, address } of attachments) on.addresses.take(networkId, parseCidrAddress(address));
  on.changes.put({ ...task, attachments, status: { ...task.status, state: 'pending', message: '' } });
}

type Refusal = { readonly reason: string };

function attach(task: TaskObject, wanted: NetworkAttachmentSpec, on: Allocation): TaskAttachment | Refusal {
  const network = resolveNetwork(task.stack, wanted.network, on);
  const subnet = parseCidr(network?.subnet ?? '');
  if (network === undefined || subnet === undefined) {
    return { reason: whyNoSubnet(on, network, wanted.network) };
  }
  const address = chooseFor(network, subnet, wanted, on.addresses);
  if (typeof address !== 'number') return address;
  return {
    networkId: network.id,
    network: wanted.network,
    address: `${formatAddress(address)}/${subnet.prefix}`,
    gateway: network.gateway,
    mac: macOf(address),
    aliases: aliasesOf(task, wanted),
  };
}

function whyNoSubnet({ view }: Allocation, network: NetworkObject | undefined, key: string): string {
  if (network === undefined) return `network ${key} does not exist any more`;
  if (view.all('node').length === 0) return 'no node has joined yet';
  const wanted = network.spec.ipam.find(({ subnet }) => subnet !== null)?.subnet;
  if (wanted == null) return `no subnet is free for network ${network.name}`;
  return `subnet ${wanted} of network ${network.name} overlaps that of another network`;
}

/** An external network is stood for by an object of the stack and found by its name. */
function resolveNetwork(stack: string, key: string, { view, changes }: Allocation): NetworkObject | undefined {
  const own = findOwnNetwork(view, stack, key);
  const found = own?.spec.external === true ? findForeignNetwork(view, stack, own.name) : own;
  return found === undefined ? undefined : changes.get('network', found.id);
}

function chooseFor(
  network: NetworkObject,
  subnet: Ipv4Range,
  { ipv4Address }: NetworkAttachmentSpec,
  addresses: AddressBook,
): number | Refusal {
  const taken = addresses.taken(network);
  if (ipv4Address !== null) return checkStatic(network, subnet, ipv4Address, taken);
  const range = parseCidr(network.spec.ipam.find(({ ipRange }) => ipRange !== null)?.ipRange ?? '') ?? subnet;
  const address = chooseAddress(subnet, taken, addresses.last(network.id), range);
  return address ?? { reason: `network ${network.name} has no free address left in ${network.subnet}` };
}

function checkStatic(
  network: NetworkObject,
  subnet: Ipv4Range,
  text: string,
  taken: ReadonlySet<number>,
): number | Refusal {
  const address = parseAddress(text);
  const isInside = address !== undefined && address > subnet.first && address < subnet.last;
  if (!isInside)
    return { reason: `${text} is no host address of ${network.subnet}, the subnet of network ${network.name}` };
  return taken.has(address) ? { reason: `address ${text} of network ${network.name} is in use` } : address;
}

function parseCidrAddress(text: string): number {
  return parseAddress(text.split('/')[0] ?? '') ?? 0;
}

/** Names under which the task is known on the network. Those of a service are not a one-off's, unless it asked for them. */
function aliasesOf(task: TaskObject, { aliases }: NetworkAttachmentSpec): readonly string[] {
  const own = [task.containerName, shortId(task.id)];
  const isService = task.oneOff === null || task.oneOff.useAliases;
  return [...new Set(isService ? [task.service, ...aliases, ...own] : own)];
}
