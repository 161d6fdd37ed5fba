/** What a node has to hold: its tasks, and what these need. Pure. */
import type { EndpointsObject } from '../../model/endpoints.ts';
import type { ModelObject, NetworkObject, PayloadObject, TaskObject } from '../../model/objects.ts';
import { findPayloads } from '../stacks/find-resources.ts';
import type { StoreView } from '../store/object-index.ts';

/** What is assigned to nodes. */
export type Assignment = ModelObject | EndpointsObject;

/** Tells who is on a network; null when its nodes need not know. */
export type FindEndpoints = (network: NetworkObject) => EndpointsObject | null;

/** Objects in the order in which they are to be applied: what a task needs comes before it. */
export function assignmentsOf(view: StoreView, nodeId: string, findEndpoints: FindEndpoints): readonly Assignment[] {
  const tasks = view.tasksOfNode(nodeId);
  const used = networksUsedBy(tasks);
  // Without a container of its own a node is on the networks by which it leads others to theirs.
  const isOn = ({ id, nodeAddresses }: NetworkObject): boolean => used.has(id) || Object.hasOwn(nodeAddresses, nodeId);
  const networks = view.all('network').filter(isOn);
  return [
    ...networks,
    ...networks.flatMap((network) => findEndpoints(network) ?? []),
    ...view.volumesOfNode(nodeId),
    ...payloadsOf(view, tasks),
    ...tasks,
  ];
}

/** Without a list for each task: of very many nodes each has to be looked at after a large commit. */
function networksUsedBy(tasks: readonly TaskObject[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { attachments } of tasks) for (const { networkId } of attachments) used.add(networkId);
  return used;
}

/** A secret is only on nodes that need it, and only as long as they do. */
function payloadsOf(view: StoreView, tasks: readonly TaskObject[]): readonly PayloadObject[] {
  const found = new Map<string, PayloadObject>();
  for (const { stack, spec, desired } of tasks) {
    if (desired === 'remove' || spec.container.secrets.length + spec.container.configs.length === 0) continue;
    const secrets = spec.container.secrets.flatMap(({ source }) => findPayloads(view, 'secret', stack, source));
    const configs = spec.container.configs.flatMap(({ source }) => findPayloads(view, 'config', stack, source));
    for (const payload of [...secrets, ...configs]) found.set(payload.id, payload);
  }
  return [...found.values()];
}

/** Whether the agent has to hear of the new state: what it reported itself is no news to it. */
export function isNewsToAgent(sent: Assignment, now: Assignment): boolean {
  if (sent === now) return false;
  if (sent.kind !== 'task' || now.kind !== 'task') return sent.version !== now.version;
  return !sameButForStatus(sent, now);
}

/** Fields that change with every status, or that agents do not act on. */
const ignored: ReadonlySet<keyof TaskObject> = new Set(['status', 'version', 'updatedAt', 'gate', 'runReason']);

/** Unchanged fields are the same references: objects are never changed in place. */
function sameButForStatus(a: TaskObject, b: TaskObject): boolean {
  for (const key of Object.keys(a) as (keyof TaskObject)[]) if (a[key] !== b[key] && !ignored.has(key)) return false;
  return true;
}
