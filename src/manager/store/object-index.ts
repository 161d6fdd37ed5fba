/** All objects in memory, with the indexes that the loops need. Objects are never changed, only replaced. */
import type { ModelObject, ObjectKind, TaskObject, VolumeObject } from '../../model/objects.ts';
import type { ObjectChange, ObjectOf } from './change.ts';
import { isFailure } from '../../model/states.ts';
import { LoadCounter, type NodeLoad } from './node-load.ts';

/** Finds objects, stored or about to be. */
export interface ObjectLookup {
  get<Kind extends ObjectKind>(kind: Kind, id: string): ObjectOf<Kind> | undefined;
  all<Kind extends ObjectKind>(kind: Kind): readonly ObjectOf<Kind>[];
  /** Objects that belong to the stack, in the order of their creation. */
  ofStack<Kind extends ObjectKind>(kind: Kind, stack: string): readonly ObjectOf<Kind>[];
  /** Objects by their own name, which need not be unique. */
  named<Kind extends ObjectKind>(kind: Kind, name: string): readonly ObjectOf<Kind>[];
}

/** What planners may ask of the store. No answer costs more than it is long. */
export interface StoreView extends ObjectLookup {
  tasksOfNode(nodeId: string): readonly TaskObject[];
  /** Tasks that have addresses on the network. */
  tasksOfNetwork(networkId: string): readonly TaskObject[];
  volumesOfNode(nodeId: string): readonly VolumeObject[];
  /** Tasks that wait for addresses (`new`) or for a node (`pending`), in the order of their creation. */
  waitingTasks(state: WaitingState): readonly TaskObject[];
  /** Tasks of the service that have failed, or whose predecessors in the slot have. */
  failedTasks(service: Pick<TaskObject, 'serviceId'>): readonly TaskObject[];
  /** What the tasks on the node take of it. */
  loadOf(nodeId: string): NodeLoad;
  /** Every object, kind by kind. */
  everything(): readonly ModelObject[];
}

/** States of tasks that no node has yet. */
export type WaitingState = 'new' | 'pending';

const noLoad: NodeLoad = new LoadCounter();

export class ObjectIndex implements StoreView {
  /** Buckets of objects by id; which keys an object is found under is said by keysOf. */
  readonly #buckets = new Map<string, Map<string, ModelObject>>();
  readonly #loads = new Map<string, LoadCounter>();

  get<Kind extends ObjectKind>(kind: Kind, id: string): ObjectOf<Kind> | undefined {
    return this.#buckets.get(`kind ${kind}`)?.get(id) as ObjectOf<Kind> | undefined;
  }

  all<Kind extends ObjectKind>(kind: Kind): readonly ObjectOf<Kind>[] {
    return this.#list(`kind ${kind}`);
  }

  ofStack<Kind extends ObjectKind>(kind: Kind, stack: string): readonly ObjectOf<Kind>[] {
    return this.#list(`stack ${kind} ${stack}`);
  }

  named<Kind extends ObjectKind>(kind: Kind, name: string): readonly ObjectOf<Kind>[] {
    return this.#list(`name ${kind} ${name}`);
  }

  tasksOfNode(nodeId: string): readonly TaskObject[] {
    return this.#list<'task'>(`node task ${nodeId}`);
  }

  volumesOfNode(nodeId: string): readonly VolumeObject[] {
    return this.#list<'volume'>(`node volume ${nodeId}`);
  }

  waitingTasks(state: WaitingState): readonly TaskObject[] {
    return this.#list<'task'>(`waiting ${state}`);
  }

  failedTasks({ serviceId }: Pick<TaskObject, 'serviceId'>): readonly TaskObject[] {
    return this.#list<'task'>(`failed ${serviceId}`);
  }

  loadOf(nodeId: string): NodeLoad {
    return this.#loads.get(nodeId) ?? noLoad;
  }

  tasksOfNetwork(networkId: string): readonly TaskObject[] {
    return this.#list<'task'>(`network ${networkId}`);
  }

  everything(): readonly ModelObject[] {
    const ofKinds = [...this.#buckets].filter(([key]) => key.startsWith('kind '));
    return ofKinds.flatMap(([, objects]) => [...objects.values()]);
  }

  /** Takes committed changes in. */
  apply(changes: readonly ObjectChange[]): void {
    for (const { before, after } of changes) {
      const keys = after === null ? [] : keysOf(after);
      // An object that stays under a key keeps its place there, so that listings keep their order.
      if (before !== null) for (const key of keysOf(before)) if (!keys.includes(key)) this.#drop(key, before.id);
      if (after !== null) for (const key of keys) this.#bucket(key).set(after.id, after);
      this.#weigh(before, after);
    }
  }

  #weigh(before: ModelObject | null, after: ModelObject | null): void {
    if (before?.kind === 'task' && before.nodeId !== null) this.#loads.get(before.nodeId)?.remove(before);
    if (after?.kind !== 'task' || after.nodeId === null) return;
    const load = this.#loads.get(after.nodeId) ?? new LoadCounter();
    this.#loads.set(after.nodeId, load);
    load.add(after);
  }

  /** The key of a bucket determines the type of what is in it. */
  #list<Kind extends ObjectKind>(key: string): readonly ObjectOf<Kind>[] {
    return [...(this.#buckets.get(key)?.values() ?? [])] as unknown as readonly ObjectOf<Kind>[];
  }

  #bucket(key: string): Map<string, ModelObject> {
    const bucket = this.#buckets.get(key) ?? new Map<string, ModelObject>();
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #drop(key: string, id: string): void {
    const bucket = this.#buckets.get(key);
    bucket?.delete(id);
    if (bucket?.size === 0) this.#buckets.delete(key);
  }
}

function keysOf(object: ModelObject): string[] {
  const keys = [`kind ${object.kind}`, `name ${object.kind} ${nameOf(object)}`];
  const stack = stackOf(object);
  if (stack !== null) keys.push(`stack ${object.kind} ${stack}`);
  if (object.kind === 'volume' && object.nodeId !== '') keys.push(`node volume ${object.nodeId}`);
  if (object.kind !== 'task') return keys;
  keys.push(...taskKeysOf(object));
  for (const { networkId } of object.attachments) keys.push(`network ${networkId}`);
  return keys;
}

function taskKeysOf({ nodeId, status, serviceId, history }: TaskObject): readonly string[] {
  const hasFailed = isFailure(status.state) || history.some(({ state }) => isFailure(state));
  return [
    nodeId === null ? `waiting ${status.state}` : `node task ${nodeId}`,
    ...(hasFailed ? [`failed ${serviceId}`] : []),
  ];
}

/** The stack that the object belongs to, or is. */
export function stackOf(object: ModelObject): string | null {
  if (object.kind === 'stack') return object.name;
  return 'stack' in object ? object.stack : null;
}

/** The name by which people and other objects refer to it. */
export function nameOf(object: ModelObject): string {
  switch (object.kind) {
    case 'task':
      return object.containerName;
    case 'node':
      return object.hostname;
    case 'cluster':
      return object.id;
    case 'stack':
    case 'service':
    case 'network':
    case 'volume':
    case 'secret':
    case 'config':
      return object.name;
  }
}
