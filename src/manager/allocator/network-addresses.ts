/** Loop: what networks need beside the addresses of containers: a number for their tunnels, and addresses of hosts and services. */
import type { ModelObject, NetworkObject } from '../../model/objects.ts';
import { hasVirtualAddress } from '../../model/virtual-address.ts';
import { isVlanDriver } from '../../model/vlan-options.ts';
import type { Reconciler } from '../loops/reconcile-loop.ts';
import { findNetwork } from '../stacks/find-resources.ts';
import { ChangeSet } from '../store/change-set.ts';
import { subjectOf, type Change, type ObjectChange } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import { nodesOfNetwork } from '../tasks/nodes-of-network.ts';
import { AddressBook } from './address-book.ts';
import { takeFree } from './allocate-task.ts';
import { chooseVni } from './choose-vni.ts';

/** A network, or a stack whose networks are meant; a node may matter to every network. */
type Key = `network ${string}` | `stack ${string}` | 'all';

export const networkAddresses: Reconciler<Key> = {
  name: 'network-addresses',
  concerns,
  everything: () => ['all'],
  reconcile,
};

function concerns(change: ObjectChange): readonly Key[] {
  const object = subjectOf(change);
  const { before, after } = change;
  if (object.kind === 'network') return after === null ? [] : [`network ${object.id}`];
  if (object.kind === 'service') return [`stack ${object.stack}`];
  if (object.kind === 'node') return addressOf(before) === addressOf(after) ? [] : ['all'];
  // Only where it is matters, and that it is no more.
  if (object.kind !== 'task' || (after !== null && nodeOf(before) === nodeOf(after))) return [];
  return object.attachments.map(({ networkId }): Key => `network ${networkId}`);
}

function addressOf(object: ModelObject | null): string {
  return object?.kind === 'node' ? object.address : '';
}

function nodeOf(object: ModelObject | null): string | null {
  return object?.kind === 'task' ? object.nodeId : null;
}

function reconcile(view: StoreView, keys: ReadonlySet<Key>): readonly Change[] {
  const changes = new ChangeSet(view);
  for (const { id } of networksOf(view, keys)) {
    const network = changes.get('network', id);
    if (network !== undefined) changes.put(complete(view, changes, network));
  }
  return changes.changes;
}

function networksOf(view: StoreView, keys: ReadonlySet<Key>): readonly NetworkObject[] {
  if (keys.has('all')) return view.all('network').filter(canSpan);
  const found = [...keys].flatMap((key) => {
    const [kind, id = ''] = key.split(' ', 2);
    if (kind === 'network') return view.get('network', id) ?? [];
    return view.ofStack('network', id).flatMap(({ key: own }) => findNetwork(view, id, own) ?? []);
  });
  return [...new Set(found)].filter(canSpan);
}

/** External ones only stand for others, and those on the wire of a host need nothing of ours to span hosts. */
function canSpan({ spec, pools }: NetworkObject): boolean {
  return pools.length > 0 && !spec.external && !isVlanDriver(spec.driver);
}

/** The network with everything that it lacks; the same object when it lacks nothing. */
function complete(view: StoreView, changes: ChangeSet, network: NetworkObject): NetworkObject {
  const vni = network.vni ?? chooseVni(changes.all('network')) ?? null;
  const nodes = nodesOfNetwork(view, network);
  const services = servicesOf(view, network);
  const numbered = vni === network.vni ? network : { ...network, vni };
  if (hasExactly(network.nodeAddresses, nodes) && hasExactly(network.virtualAddresses, services)) return numbered;
  // In two steps, so that the second sees what the first has taken.
  const book = new AddressBook(view.tasksOfNetwork(network.id));
  const virtualAddresses = assign(numbered, numbered.virtualAddresses, services, book);
  const withServices = virtualAddresses === numbered.virtualAddresses ? numbered : { ...numbered, virtualAddresses };
  const nodeAddresses = assign(withServices, withServices.nodeAddresses, nodes, book);
  return nodeAddresses === withServices.nodeAddresses ? withServices : { ...withServices, nodeAddresses };
}

/**
 * Services that have an address of their own here: from their first container on, and for as long as the service or a container of it
 * exists, so that nobody else gets the address before.
 */
function servicesOf(view: StoreView, network: NetworkObject): readonly string[] {
  const tasks = view.tasksOfNetwork(network.id);
  const used = tasks.flatMap(({ serviceId, spec }) => (hasVirtualAddress(spec, network.spec) ? serviceId : []));
  const kept = Object.keys(network.virtualAddresses).filter((id) => {
    const service = view.get('service', id);
    return service !== undefined && hasVirtualAddress(service.spec, network.spec);
  });
  return [...new Set([...kept, ...used])];
}

function hasExactly(owners: NetworkObject['nodeAddresses'], ids: readonly string[]): boolean {
  return Object.keys(owners).length === ids.length && ids.every((id) => Object.hasOwn(owners, id));
}

/** Owners keep what they have; one for whom there is nothing left gets nothing until something is free. */
function assign(
  network: NetworkObject,
  before: NetworkObject['nodeAddresses'],
  owners: readonly string[],
  book: AddressBook,
): NetworkObject['nodeAddresses'] {
  const entries = owners.flatMap((id) => {
    const addresses = before[id] ?? takeFree(network, book);
    return addresses === undefined ? [] : [[id, addresses] as const];
  });
  const after = Object.fromEntries(entries);
  // The same object, or a network that has no address left would be written, and looked at again, for ever.
  return hasExactly(before, Object.keys(after)) ? before : after;
}
