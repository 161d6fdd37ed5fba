/** All objects in memory, with the indexes that the loops need. Objects are never changed, only replaced. */
import type { ModelObject, ObjectKind, TaskObject, VolumeObject } from '../../model/objects.ts';
import type { ObjectChange, ObjectOf } from './change.ts';
import { isFailure } from '../../model/states.ts';
import { isHeld } from '../tasks/task-phase.ts';
import { LoadCounter, serviceKeyOf, type NodeLoad } from './node-load.ts';
import { ObjectBuckets, type BucketKey, type BucketKeys } from './object-buckets.ts';

/** Finds objects, stored or about to be. */
export interface ObjectLookup {
  get<Kind extends ObjectKind>(kind: Kind, id: string): ObjectOf<Kind> | undefined;
  all<Kind extends ObjectKind>(kind: Kind): readonly ObjectOf<Kind>[];
  /** Objects that belong to the stack, in the order of their creation. */
  ofStack<Kind extends ObjectKind>(kind: Kind, stack: string): readonly ObjectOf<Kind>[];
  /** Objects by their own name, which need not be unique. */
  named<Kind extends ObjectKind>(kind: Kind, name: string): readonly ObjectOf<Kind>[];
  /** Tasks of the service of that name, one-offs and those that leave too, in the order of their creation. */
  tasksOfService(stack: string, service: string): readonly TaskObject[];
}

/** What planners may ask of the store. No answer costs more than it is long. */
export interface StoreView extends ObjectLookup {
  tasksOfNode(nodeId: string): readonly TaskObject[];
  /** Tasks that have addresses on the network. */
  tasksOfNetwork(networkId: string): readonly TaskObject[];
  volumesOfNode(nodeId: string): readonly VolumeObject[];
  /** Tasks that wait for addresses (`new`) or for a node (`pending`), in the order of their creation. */
  waitingTasks(state: WaitingState): readonly TaskObject[];
  /** Tasks of the stack that something else may release or end: all that the loop of dependencies has to look at. */
  heldTasks(stack: string): readonly TaskObject[];
  /** Whether there is any task of the stack. */
  hasTasks(stack: string): boolean;
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

/** Finds objects by kind, stack and name. */
export class LookupIndex implements ObjectLookup {
  readonly #buckets: ObjectBuckets;

  constructor(keysOf: (object: ModelObject) => BucketKeys = lookupKeysOf) {
    this.#buckets = new ObjectBuckets(keysOf);
  }

  get<Kind extends ObjectKind>(kind: Kind, id: string): ObjectOf<Kind> | undefined {
    return this.#buckets.find('kind', kind)?.get(id) as ObjectOf<Kind> | undefined;
  }

  all<Kind extends ObjectKind>(kind: Kind): readonly ObjectOf<Kind>[] {
    return this.list<Kind>('kind', kind);
  }

  ofStack<Kind extends ObjectKind>(kind: Kind, stack: string): readonly ObjectOf<Kind>[] {
    return this.list<Kind>(categoriesOf(kind).stack, stack);
  }

  named<Kind extends ObjectKind>(kind: Kind, name: string): readonly ObjectOf<Kind>[] {
    return this.list<Kind>(categoriesOf(kind).name, name);
  }

  tasksOfService(stack: string, service: string): readonly TaskObject[] {
    return this.list<'task'>('service task', serviceKeyOf({ stack, service }));
  }

  /** Every object, kind by kind. */
  everything(): readonly ModelObject[] {
    return [...this.#buckets.values('kind')].flatMap((objects) => [...objects.values()]);
  }

  /** Takes committed changes in. */
  apply(changes: readonly ObjectChange[]): void {
    for (const change of changes) this.#buckets.apply(change);
  }

  /** Empty buckets are none. */
  protected has(category: string, key: string): boolean {
    return this.#buckets.find(category, key) !== undefined;
  }

  /** The key of a bucket determines the type of what is in it. */
  protected list<Kind extends ObjectKind>(category: string, key: string): readonly ObjectOf<Kind>[] {
    return [...(this.#buckets.find(category, key)?.values() ?? [])] as unknown as readonly ObjectOf<Kind>[];
  }
}

/** All that planners may ask. */
export class ObjectIndex extends LookupIndex implements StoreView {
  readonly #loads = new Map<string, LoadCounter>();

  constructor() {
    super(keysOf);
  }

  tasksOfNode(nodeId: string): readonly TaskObject[] {
    return this.list<'task'>('node task', nodeId);
  }

  tasksOfNetwork(networkId: string): readonly TaskObject[] {
    return this.list<'task'>('network', networkId);
  }

  volumesOfNode(nodeId: string): readonly VolumeObject[] {
    return this.list<'volume'>('node volume', nodeId);
  }

  waitingTasks(state: WaitingState): readonly TaskObject[] {
    return this.list<'task'>('waiting', state);
  }

  heldTasks(stack: string): readonly TaskObject[] {
    return this.list<'task'>('held', stack);
  }

  hasTasks(stack: string): boolean {
    return this.has(categoriesOf('task').stack, stack);
  }

  failedTasks({ serviceId }: Pick<TaskObject, 'serviceId'>): readonly TaskObject[] {
    return this.list<'task'>('failed', serviceId);
  }

  loadOf(nodeId: string): NodeLoad {
    return this.#loads.get(nodeId) ?? noLoad;
  }

  override apply(changes: readonly ObjectChange[]): void {
    super.apply(changes);
    for (const { before, after } of changes) this.#weigh(before, after);
  }

  #weigh(before: ModelObject | null, after: ModelObject | null): void {
    if (before?.kind === 'task' && before.nodeId !== null) this.#loads.get(before.nodeId)?.remove(before);
    if (after?.kind !== 'task' || after.nodeId === null) return;
    const load = this.#loads.get(after.nodeId) ?? new LoadCounter();
    this.#loads.set(after.nodeId, load);
    load.add(after);
  }
}

interface Categories {
  readonly name: string;
  readonly stack: string;
}

const categories = new Map<ObjectKind, Categories>();

/** The texts are made once and not for each object: there are many. */
function categoriesOf(kind: ObjectKind): Categories {
  let found = categories.get(kind);
  if (found === undefined) categories.set(kind, (found = { name: `name ${kind}`, stack: `stack ${kind}` }));
  return found;
}

function lookupKeysOf(object: ModelObject): BucketKey[] {
  const { name, stack } = categoriesOf(object.kind);
  const owner = stackOf(object);
  const keys: BucketKey[] = [
    ['kind', object.kind],
    [name, nameOf(object)],
  ];
  if (owner !== null) keys.push([stack, owner]);
  if (object.kind === 'task') keys.push(['service task', serviceKeyOf(object)]);
  return keys;
}

function keysOf(object: ModelObject): readonly BucketKey[] {
  const keys = lookupKeysOf(object);
  if (object.kind === 'volume' && object.nodeId !== '') keys.push(['node volume', object.nodeId]);
  if (object.kind === 'task') addTaskKeys(object, keys);
  return keys;
}

function addTaskKeys(task: TaskObject, keys: BucketKey[]): void {
  const { nodeId, status, serviceId, history, attachments } = task;
  keys.push(nodeId === null ? ['waiting', status.state] : ['node task', nodeId]);
  if (isFailure(status.state) || history.some(({ state }) => isFailure(state))) keys.push(['failed', serviceId]);
  if (isHeld(task)) keys.push(['held', task.stack]);
  for (const { networkId } of attachments) keys.push(['network', networkId]);
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
    case 'image':
      return object.name;
  }
}
