import type { EndpointsObject } from '../../../src/model/endpoints.ts';
import { applyEndpointsChange, type EndpointsChange } from '../../../src/model/endpoints-change.ts';
import { TsstackError } from '../../../src/model/errors.ts';
import type {
  ModelObject,
  NetworkObject,
  PayloadObject,
  TaskObject,
  VolumeObject,
} from '../../../src/model/objects.ts';
import { choosePayload } from '../../../src/model/choose-payload.ts';
import type { AssignmentsMessage } from '../../../src/rpc/messages.ts';

type Assignable = TaskObject | NetworkObject | VolumeObject | PayloadObject | EndpointsObject;

/** Tells what one message changed. */
export interface AssignmentChange {
  readonly full: boolean;
  /** Tasks that came or changed. */
  readonly tasks: readonly TaskObject[];
  readonly removedTasks: readonly string[];
  readonly removedNetworks: readonly NetworkObject[];
  readonly removedVolumes: readonly string[];
  /** What came or changed of networks that span hosts, and the networks that do no more. */
  readonly endpoints: readonly { readonly network: NetworkObject; readonly endpoints: EndpointsObject }[];
  readonly removedEndpoints: readonly string[];
}

/** What the manager has assigned to this node, as of the last message. Contents of secrets are here and nowhere else. */
export class AssignedObjects {
  readonly #objects = new Map<string, Assignable>();
  readonly #removed = new Set<string>();
  #isComplete = false;

  /** Takes a message in; `mayRemove` when it comes from the store that this host knows. */
  apply(message: AssignmentsMessage, mayRemove: boolean): AssignmentChange {
    if (message.full) {
      this.#isComplete = mayRemove;
      this.#removed.clear();
    }
    const upserts = message.upserts
      .map(({ document }) => this.#whole(JSON.parse(document) as ModelObject | EndpointsObject | EndpointsChange))
      .filter(isAssignable);
    const kept = new Set(upserts.map(({ id }) => id));
    const absent = message.full ? [...this.#objects.keys()].filter((id) => !kept.has(id)) : [];
    const deleted = message.removals.map(({ id }) => id);
    // What a store lacks that this host does not know is assigned no more, and left alone.
    const removed = [...deleted, ...(mayRemove ? absent : [])].flatMap((id) => this.#objects.get(id) ?? []);
    for (const id of [...deleted, ...absent]) this.#objects.delete(id);
    for (const { id } of message.removals) this.#removed.add(id);
    for (const object of upserts) this.#objects.set(object.id, object);
    return {
      full: message.full,
      tasks: upserts.filter((object) => object.kind === 'task'),
      removedTasks: message.removals.filter(({ kind }) => kind === 'task').map(({ id }) => id),
      removedNetworks: removed.filter((object) => object.kind === 'network'),
      removedVolumes: message.removals.filter(({ kind }) => kind === 'volume').map(({ id }) => id),
      endpoints: upserts.flatMap((object) => {
        const network = object.kind === 'endpoints' ? this.#objects.get(object.networkId) : undefined;
        return object.kind === 'endpoints' && network?.kind === 'network' ? [{ network, endpoints: object }] : [];
      }),
      removedEndpoints: removed.flatMap((object) => (object.kind === 'endpoints' ? object.networkId : [])),
    };
  }

  /** Of what comes as a difference to what came before. */
  #whole(object: ModelObject | EndpointsObject | EndpointsChange): ModelObject | EndpointsObject {
    if (object.kind !== 'endpoints-change') return object;
    const before = this.#objects.get(object.id);
    const whole = before?.kind === 'endpoints' ? applyEndpointsChange(before, object) : null;
    // Another session begins with everything as a whole.
    if (whole === null)
      throw new TsstackError('conflict', `take in who is on a network: ${object.id} is not at version ${object.from}`, {
        retryable: true,
      });
    return whole;
  }

  /** Ids of everything assigned. */
  has(id: string): boolean {
    return this.#objects.has(id);
  }

  /** Whether the manager has deleted an object that it once assigned. What an unknown store does not mention is not deleted. */
  isDeleted(id: string): boolean {
    return this.#isComplete ? !this.#objects.has(id) : this.#removed.has(id);
  }

  /** The networks of a task. */
  networksOf(task: TaskObject): readonly NetworkObject[] {
    return task.attachments.flatMap(({ networkId }) => {
      const network = this.#objects.get(networkId);
      return network?.kind === 'network' ? [network] : [];
    });
  }

  /** The volumes that a task may mount. */
  volumesOf(task: TaskObject): readonly VolumeObject[] {
    const needsAny = task.spec.container.mounts.some(({ type }) => type === 'volume');
    if (!needsAny) return [];
    const keys = new Set(task.spec.container.mounts.map((mount) => (mount.type === 'volume' ? mount.volume : null)));
    const volumes = [...this.#objects.values()].filter((object) => object.kind === 'volume');
    const own = volumes.filter(
      (volume) => volume.stack === task.stack && (keys.has(volume.key) || volume.anonymousOf !== null),
    );
    const referred = new Set(own.flatMap(({ name, spec }) => (spec.external ? [name] : [])));
    return [...own, ...volumes.filter(({ name, spec }) => !spec.external && referred.has(name))];
  }

  /** The secret or config that a key of a stack stands for: its own, or the one that its own refers to by name. */
  findPayload(stack: string, kind: 'secret' | 'config', key: string): PayloadObject | undefined {
    const all = [...this.#objects.values()].filter((object): object is PayloadObject => object.kind === kind);
    const own = all.find((object) => object.stack === stack && object.key === key);
    if (own?.spec.external !== true) return own;
    return choosePayload(all.filter((object) => object.stack !== stack && object.name === own.name));
  }
}

function isAssignable(object: ModelObject | EndpointsObject): object is Assignable {
  return (
    object.kind === 'task' ||
    object.kind === 'network' ||
    object.kind === 'endpoints' ||
    object.kind === 'volume' ||
    object.kind === 'secret' ||
    object.kind === 'config'
  );
}
