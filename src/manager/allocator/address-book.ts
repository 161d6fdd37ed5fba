import type { NetworkObject, TaskObject } from '../../model/objects.ts';
import { parseAddress, type IpAddress, type IpFamily } from '../../model/ip-range.ts';

interface Page {
  readonly taken: Set<bigint>;
  /** The one given last: new ones follow it, so that a freed address is not another task's at once. */
  last: bigint | null;
  /** The state of the network whose own addresses are among the taken ones. */
  noted: NetworkObject | null;
}

/** Which addresses of each network are in use, while addresses are being given out. */
export class AddressBook {
  /** By network and family. */
  readonly #pages = new Map<string, Page>();

  constructor(tasks: readonly TaskObject[]) {
    for (const { attachments } of tasks) {
      for (const { networkId, addresses } of attachments) {
        for (const address of addresses) this.take(networkId, address);
      }
    }
  }

  /** Takes an address, with or without prefix length. */
  take(networkId: string, text: string): void {
    const address = parseAddress(text.split('/', 1)[0] ?? '');
    if (address === undefined) return;
    const page = this.#page(networkId, address.family);
    page.taken.add(address.value);
    page.last = address.value;
  }

  isTaken(network: NetworkObject, address: IpAddress): boolean {
    return this.taken(network, address.family).has(address.value);
  }

  /** Addresses that nobody else may have: those of tasks, of gateways, of nodes and services, and those that the file reserves. */
  taken(network: NetworkObject, family: IpFamily): ReadonlySet<bigint> {
    const page = this.#page(network.id, family);
    if (page.noted !== network) this.#noteOthers(network, family, page);
    return page.taken;
  }

  /** Once for each state of the network, not for each address that is given out: it may span 1,000 nodes. */
  #noteOthers(network: NetworkObject, family: IpFamily, page: Page): void {
    page.noted = network;
    const gateways = network.pools.map(({ gateway }) => gateway);
    const reserved = network.spec.ipam.flatMap(({ auxAddresses }) => Object.values(auxAddresses));
    const others = [network.nodeAddresses, network.virtualAddresses].flatMap((owners) => Object.values(owners).flat());
    for (const text of [...gateways, ...reserved, ...others]) {
      const address = parseAddress(text);
      if (address?.family === family) page.taken.add(address.value);
    }
  }

  last(networkId: string, family: IpFamily): bigint | null {
    return this.#page(networkId, family).last;
  }

  #page(networkId: string, family: IpFamily): Page {
    const key = `${networkId}/${family}`;
    const page = this.#pages.get(key) ?? { taken: new Set<bigint>(), last: null, noted: null };
    this.#pages.set(key, page);
    return page;
  }
}
