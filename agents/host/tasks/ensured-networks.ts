import type { NetworkObject } from '../../../src/model/objects.ts';
import type { TaskNetworks } from './task-host.ts';

/** Asks for each network's bridge once, however many tasks come at the same time; again after it was removed or could not be made. */
export class EnsuredNetworks {
  readonly #networks: TaskNetworks;
  readonly #ensured = new Map<string, Promise<void>>();

  constructor(networks: TaskNetworks) {
    this.#networks = networks;
  }

  ensure(network: NetworkObject): Promise<void> {
    const known = this.#ensured.get(network.id);
    if (known !== undefined) return known;
    const made = this.#networks.ensureNetwork(network);
    this.#ensured.set(network.id, made);
    made.catch(() => this.#ensured.delete(network.id));
    return made;
  }

  async remove(network: NetworkObject): Promise<void> {
    this.#ensured.delete(network.id);
    await this.#networks.removeNetwork(network);
  }
}
