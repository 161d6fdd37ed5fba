import type { EndpointsObject } from '../../../src/model/endpoints.ts';
import type { NetworkObject, TaskObject } from '../../../src/model/objects.ts';
import { computeNetworkNames, namedTask } from './network-names.ts';
import type { NamedTask, NetworkNames } from './network-names.ts';

/** Hands the names of one network to whoever answers for them. */
export type SetNames = (network: NetworkObject, names: NetworkNames) => Promise<void>;

interface Entry {
  readonly task: TaskObject;
  readonly networks: readonly NetworkObject[];
  readonly isServing: boolean;
}

/**
 * Whose names resolve on this host: those of its own tasks, which it knows best itself, and those of other hosts on the same networks.
 * Changes that come close together are written together: each network's names at most once per write, and one write at a time. Never
 * resolves before the change is in effect.
 */
export class NameRegistry {
  readonly #setNames: SetNames;
  readonly #nodeId: string;
  readonly #tasks = new Map<string, Entry>();
  readonly #endpoints = new Map<string, EndpointsObject>();
  readonly #changed = new Map<string, NetworkObject>();
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  /** `nodeId` tells which of the endpoints are this host's own. */
  constructor(setNames: SetNames, nodeId: string) {
    this.#setNames = setNames;
    this.#nodeId = nodeId;
  }

  /** The task's names resolve when the promise does; those that it shares with its service lead to it only while it serves. */
  add(task: TaskObject, networks: readonly NetworkObject[], isServing: boolean): Promise<void> {
    this.#tasks.set(task.id, { task, networks, isServing });
    return this.#write(networks);
  }

  /** The task has another name of its own. */
  rename(task: TaskObject): Promise<void> {
    const entry = this.#tasks.get(task.id);
    return entry === undefined ? Promise.resolve() : this.add(task, entry.networks, entry.isServing);
  }

  /** The task's names are gone when the promise resolves. */
  remove(taskId: string): Promise<void> {
    const entry = this.#tasks.get(taskId);
    if (entry === undefined) return Promise.resolve();
    this.#tasks.delete(taskId);
    return this.#write(entry.networks);
  }

  /** Who is on the network on all hosts; null when its own tasks are all that this host has to know of. */
  setEndpoints(network: NetworkObject, endpoints: EndpointsObject | null): Promise<void> {
    if (endpoints === null) this.#endpoints.delete(network.id);
    else this.#endpoints.set(network.id, endpoints);
    // Without containers here nobody asks, and the network may be on its way out.
    const isAsked = [...this.#tasks.values()].some(({ networks }) => networks.some(({ id }) => id === network.id));
    return isAsked ? this.#write([network]) : Promise.resolve();
  }

  #write(networks: readonly NetworkObject[]): Promise<void> {
    for (const network of networks) this.#changed.set(network.id, network);
    this.#next ??= this.#writeNext();
    return this.#next;
  }

  async #writeNext(): Promise<void> {
    // Behind the write under way, and not before everything of this turn of the event loop has been collected.
    await Promise.all([this.#writing, new Promise((resolve) => setImmediate(resolve))]);
    const networks = [...this.#changed.values()];
    this.#changed.clear();
    this.#next = null;
    const written = Promise.all(networks.map((network) => this.#setNames(network, this.#namesOf(network))));
    this.#writing = written.then(
      () => undefined,
      () => undefined,
    );
    await written;
  }

  #namesOf(network: NetworkObject): NetworkNames {
    const endpoints = this.#endpoints.get(network.id);
    const fit = new Set(endpoints?.tasks.flatMap(({ taskId, isServing }) => (isServing ? taskId : [])));
    const own = [...this.#tasks.values()].flatMap(({ task, isServing }) =>
      namedTask(task, network.id, isServing && (endpoints === undefined || fit.has(task.id))),
    );
    return computeNetworkNames(network, [...own, ...this.#othersOf(endpoints)], endpoints?.services);
  }

  #othersOf(endpoints: EndpointsObject | undefined): readonly NamedTask[] {
    const nodeId = this.#nodeId;
    return endpoints?.tasks.filter((task) => task.isRunning && task.nodeId !== nodeId) ?? [];
  }
}
