import { TsstackError } from '../../model/errors.ts';
import { parseHostPort, type HostPort } from '../../model/host-port.ts';

/** The managers that a node knows; chooses one for each attempt, another one after a failure. */
export class ManagerList {
  #addresses: readonly string[];
  #last = '';
  /** Who is next, whoever that was last. */
  #named = '';

  constructor(addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Who was chosen last; empty at first. */
  get last(): string {
    return this.#last;
  }

  /** The others, at random, so that nodes spread over the managers. */
  othersThan(address: string, random: () => number = Math.random): readonly string[] {
    const drawn = this.#addresses.map((other) => ({ other, lot: random() }));
    const order = drawn.toSorted((one, two) => one.lot - two.lot).map(({ other }) => other);
    return order.filter((other) => other !== address);
  }

  /** An empty list says nothing: a node without managers could never learn of one again. */
  replace(addresses: readonly string[]): void {
    if (addresses.length > 0) this.#addresses = addresses;
  }

  /** The next one is that one; false when it is not known. */
  prefer(address: string): boolean {
    if (!this.#addresses.includes(address)) return false;
    this.#named = address;
    return true;
  }

  /** At random, so that nodes spread over the managers. */
  next(random: () => number = Math.random): HostPort {
    const others = this.#addresses.filter((address) => address !== this.#last);
    const choice = others.length > 0 ? others : this.#addresses;
    this.#last = this.#named || (choice[Math.floor(random() * choice.length)] ?? '');
    this.#named = '';
    const parsed = parseHostPort(this.#last);
    if (parsed === undefined) throw new TsstackError('internal', `"${this.#last}" is no address of a manager`);
    return parsed;
  }
}
