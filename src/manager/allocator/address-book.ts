import type { NetworkObject, TaskObject } from '../../model/objects.ts';
import { parseAddress } from './ipv4.ts';

interface Page {
  readonly taken: Set<number>;
  /** The one given last: new ones follow it, so that a freed address is not another task's at once. */
  last: number | null;
}

/** Which addresses of each network are in use, while addresses are being given out. */
export class AddressBook {
  readonly #pages = new Map<string, Page>();

  constructor(tasks: readonly TaskObject[]) {
    for (const { attachments } of tasks) {
      for (const { networkId, address } of attachments) {
        const used = parseAddress(address.split('/')[0] ?? '');
        if (used !== undefined) this.take(networkId, used);
      }
    }
  }

  take(networkId: string, address: number): void {
    const page = this.#page(networkId);
    page.taken.add(address);
    page.last = address;
  }

  /** Addresses that nobody else may have: those of tasks, of the gateway, and those that the file reserves. */
  taken(network: NetworkObject): ReadonlySet<number> {
    const reserved = [network.gateway, ...network.spec.ipam.flatMap(({ auxAddresses }) => Object.values(auxAddresses))];
    const page = this.#page(network.id);
    for (const text of reserved) {
      const address = parseAddress(text);
      if (address !== undefined) page.taken.add(address);
    }
    return page.taken;
  }

  last(networkId: string): number | null {
    return this.#page(networkId).last;
  }

  #page(networkId: string): Page {
    const page = this.#pages.get(networkId) ?? { taken: new Set<number>(), last: null };
    this.#pages.set(networkId, page);
    return page;
  }
}
