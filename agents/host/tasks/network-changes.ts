import type { NetworkObject } from '../../../src/model/objects.ts';
import { delay } from '../abortable.ts';
import { Backoff } from '../backoff.ts';
import { describeError } from '../errors.ts';

/**
 * Makes what the manager says of networks true on this host. A change that fails (the kernel has no memory for a moment, say) is tried again
 * with growing pauses, for as long as no newer one of the same network comes.
 */
export class NetworkChanges {
  readonly #log: (message: string) => void;
  readonly #random: () => number;
  readonly #latest = new Map<string, object>();
  readonly #over = new AbortController();

  constructor(log: (message: string) => void, random: () => number = Math.random) {
    this.#log = log;
    this.#random = random;
  }

  /** Resolves when the change is made, or nobody wants it any more; never rejects. */
  async make({ id, name }: Pick<NetworkObject, 'id' | 'name'>, change: () => Promise<unknown>): Promise<void> {
    const self = {};
    this.#latest.set(id, self);
    const backoff = new Backoff(this.#random);
    for (let last = ''; this.#latest.get(id) === self && !this.#over.signal.aborted;) {
      try {
        await change();
        if (this.#latest.get(id) === self) this.#latest.delete(id);
        return;
      } catch (error) {
        const { message } = describeError(error);
        // The same again and again is said once.
        if (message !== last) this.#log(`network ${name}: ${message}`);
        last = message;
      }
      await delay(backoff.next(), this.#over.signal);
    }
  }

  /** Nothing is tried again. */
  stop(): void {
    this.#over.abort();
  }
}
