import { TsstackError } from '../../model/errors.ts';
import type { Store } from '../store/store.ts';
import type { Leadership, ManagerContact } from './leadership.ts';

/** How long a call waits for an election: a new leader acts within 5 s. */
const electionMs = 6000;

/** What a connection to a manager can always do. */
export interface Closable {
  close(): void;
}

export interface LeaderLinkOptions<Client> {
  readonly leadership: Leadership;
  readonly store: Store;
  readonly self: ManagerContact;
  /** Connects to one service of another manager. */
  readonly connect: (manager: ManagerContact, signal: AbortSignal) => Promise<Client>;
}

/** A follower's connection to the leader of the moment. */
export class LeaderLink<Client extends Closable> {
  readonly #on: LeaderLinkOptions<Client>;
  #connected: { readonly address: string; readonly client: Client } | null = null;

  constructor(options: LeaderLinkOptions<Client>) {
    this.#on = options;
  }

  /** The leader; null when it is this manager. Waits while one is being elected; throws when none can be, or the wait was too long. */
  async find(signal: AbortSignal): Promise<Client | null> {
    const { leadership, store } = this.#on;
    const done = new AbortController();
    const limit = AbortSignal.any([signal, done.signal, AbortSignal.timeout(electionMs)]);
    try {
      for (;;) {
        if (leadership.isLeader) return null;
        // Listened to before the look, so that no change in between is missed.
        const change = nextChange(leadership, limit);
        const client = await this.#connect(limit);
        if (client !== null) return client;
        if (limit.aborted || store.staleness !== null) throw this.#nobody();
        await change;
      }
    } finally {
      done.abort();
    }
  }

  /** Why nobody leads, or can be reached who does. */
  #nobody(): TsstackError {
    const { leadership, store } = this.#on;
    const leader =
      leadership.leader === null
        ? 'no manager leads'
        : `the manager ${leadership.leader.name}, which leads, cannot be reached`;
    const reason = store.staleness === null ? 'another one is about to be elected' : store.staleness.reason;
    return new TsstackError('unavailable', `${leader}: ${reason}`, {
      retryable: true,
      hint: 'start the managers that are missing: a majority has to run. Containers run on meanwhile',
    });
  }

  /** A call to the leader failed: the next one connects anew. */
  drop(client: Client): void {
    if (this.#connected?.client !== client) return;
    this.#connected = null;
    client.close();
  }

  close(): void {
    this.#connected?.client.close();
    this.#connected = null;
  }

  /** Null when there is no leader, or it does not answer: then its lease runs out. */
  async #connect(signal: AbortSignal): Promise<Client | null> {
    const { leadership, self, connect } = this.#on;
    const { leader } = leadership;
    if (leader === null || leader.address === self.address) return null;
    if (this.#connected?.address === leader.address) return this.#connected.client;
    this.close();
    const client = await connect(leader, signal).catch(() => null);
    if (client !== null) this.#connected = { address: leader.address, client };
    return client;
  }
}

/** Resolves when another manager leads, or the signal is aborted. */
function nextChange(leadership: Leadership, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const unsubscribe = leadership.subscribe(done);
    signal.addEventListener('abort', done, { once: true });
  });
}
