import type { AppliedEndpoints } from '../../../src/rpc/messages.ts';
import { Wake } from '../wake.ts';

/**
 * Tells the manager of one session which endpoints are in effect on this host. One call is under way at a time; what comes meanwhile goes with
 * the next, the newest of each network.
 */
export class EndpointReporter {
  readonly #applied = new Map<string, number>();
  readonly #wake = new Wake();

  /** The endpoints of that version, or newer ones, are in effect. */
  note(networkId: string, version: number): void {
    this.#applied.set(networkId, Math.max(version, this.#applied.get(networkId) ?? 0));
    this.#wake.wake();
  }

  /** Until the signal aborts; rejects when the manager cannot be told. */
  async run(send: (applied: readonly AppliedEndpoints[]) => Promise<unknown>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const applied = Array.from(this.#applied, ([networkId, version]) => ({ networkId, version }));
      this.#applied.clear();
      if (applied.length > 0) await send(applied);
      else await this.#wake.wait(signal);
    }
  }
}
