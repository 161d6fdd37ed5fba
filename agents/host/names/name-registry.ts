import type { NetworkObject, TaskObject } from '../../../src/model/objects.ts';
import { computeNetworkNames } from './network-names.ts';
import type { NetworkNames } from './network-names.ts';

/** Hands the names of one network to whoever answers for them. */
export type SetNames = (network: NetworkObject, names: NetworkNames) => Promise<void>;

interface Entry {
  readonly task: TaskObject;
  readonly networks: readonly NetworkObject[];
}

/**
 * Which tasks have their names resolved on this host. Changes that come close together are written together: each network's
 * names at most once per write, and one write at a time. Never resolves before the change is in effect.
 */
export class NameRegistry {
  readonly #setNames: SetNames;
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new Map<string, NetworkObject>();
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(setNames: SetNames) {
    this.#setNames = setNames;
  }

  /** The task's names resolve when the promise does. */
  add(task: TaskObject, networks: readonly NetworkObject[]): Promise<void> {
    this.#entries.set(task.id, { task, networks });
    return this.#write(networks);
  }

  /** The task's names are gone when the promise resolves. */
  remove(taskId: string): Promise<void> {
    const entry = this.#entries.get(taskId);
    if (entry === undefined) return Promise.resolve();
    this.#entries.delete(taskId);
    return this.#write(entry.networks);
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
    const tasks = Array.from(this.#entries.values(), ({ task }) => task);
    const written = Promise.all(
      networks.map((network) => this.#setNames(network, computeNetworkNames(network, tasks))),
    );
    this.#writing = written.then(
      () => undefined,
      () => undefined,
    );
    await written;
  }
}
