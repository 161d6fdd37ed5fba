import type { ModelObject, NetworkObject, StackObject, TaskObject, VolumeObject } from '../../model/objects.ts';
import type { WatchResponse, WireObject } from '../../rpc/messages.ts';

/** The objects of a stack as the daemon last told. */
export class ObjectView {
  /** `host:port` of the manager that leads, where the answer has said so; empty = it has not. */
  readonly leader: string;
  readonly #objects = new Map<string, ModelObject>();
  #isComplete = false;

  constructor(leader = '') {
    this.leader = leader;
  }

  /** True when everything has come that was there at the beginning, and all of the last change. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  apply(response: Pick<WatchResponse, 'objects' | 'synced'>): void {
    for (const object of response.objects) this.#put(object);
    this.#isComplete = response.synced;
  }

  get tasks(): readonly TaskObject[] {
    return this.ofKind('task');
  }

  get networks(): readonly NetworkObject[] {
    return this.ofKind('network');
  }

  get volumes(): readonly VolumeObject[] {
    return this.ofKind('volume');
  }

  get stacks(): readonly StackObject[] {
    return this.ofKind('stack');
  }

  task(id: string): TaskObject | undefined {
    const object = this.#objects.get(id);
    return object?.kind === 'task' ? object : undefined;
  }

  /** Whether an object of that kind and name is there. */
  has(kind: string, name: string): boolean {
    return [...this.#objects.values()].some((object) => object.kind === kind && nameOf(object) === name);
  }

  #put(object: WireObject): void {
    if (object.document === '') this.#objects.delete(object.id);
    else this.#objects.set(object.id, JSON.parse(object.document) as ModelObject);
  }

  /** All objects of a kind. */
  ofKind<Kind extends ModelObject['kind']>(kind: Kind): readonly Extract<ModelObject, { kind: Kind }>[] {
    return [...this.#objects.values()].filter(
      (object): object is Extract<ModelObject, { kind: Kind }> => object.kind === kind,
    );
  }
}

function nameOf(object: ModelObject): string {
  if (object.kind === 'task') return object.containerName;
  if (object.kind === 'cluster') return object.id;
  return object.kind === 'node' ? object.hostname : object.name;
}
