import { TsstackError } from '../../model/errors.ts';

/** A node may register so often in so long a time (semantics.md, section 2); one that comes back more often has a fault that haste does not mend. */
const maxRegistrations = 3;
const windowMs = 8000;

/** Keeps an agent that cannot hold its session from keeping the manager busy. */
export class RegistrationLimit {
  readonly #now: () => number;
  readonly #times = new Map<string, readonly number[]>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes a registration; throws when there were too many just before. The agent comes again after its backoff. */
  admit(nodeId: string): void {
    const now = this.#now();
    const recent = (this.#times.get(nodeId) ?? []).filter((time) => time > now - windowMs);
    if (recent.length >= maxRegistrations) {
      const message = `register the node: it has done so ${recent.length} times in ${windowMs / 1000} s`;
      throw new TsstackError('unavailable', message, {
        retryable: true,
        hint: 'if this goes on, two hosts may use one identity: a copied data root has to be removed from one of them',
      });
    }
    this.#times.set(nodeId, [...recent, now]);
  }

  /** The node is no more. */
  forget(nodeId: string): void {
    this.#times.delete(nodeId);
  }
}
