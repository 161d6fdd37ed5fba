import { once } from 'node:events';
import { TsstackError } from '../../model/errors.ts';
import type { Store } from '../store/store.ts';
import type { Leadership, ManagerContact } from './leadership.ts';

/** How long a call waits for an election: a new leader acts within 5 s. */
const electionMs = 6000;

/**
 * How long a call waits for a store that has just gone out of reach, from then on: a member of etcd that is started anew answers after 1 to 2 s. That
 * it is gone for longer is said at once.
 */
const restartMs = 3000;

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

/** A connection to the leader for one call. */
export interface LeaderCall<Client> {
  readonly client: Client;
  /** Aborted, with an error of code `unavailable`, when another manager leads: who does not any more may not even know it. */
  readonly over: AbortSignal;
  /** Closes the connection. */
  end(): void;
}

/** A follower's way to the leader of the moment. Each call has a connection of its own: that it stands says that the leader is there. */
export class LeaderLink<Client extends Closable> {
  readonly #on: LeaderLinkOptions<Client>;

  constructor(options: LeaderLinkOptions<Client>) {
    this.#on = options;
  }

  /**
   * Null when this manager leads. Waits while one is being elected; throws when none can be, or the wait was too long. `isPatient`: waits, too, for a
   * store that has just gone out of reach; who only looks is better served with what is known here.
   */
  async find(signal: AbortSignal, isPatient: boolean): Promise<LeaderCall<Client> | null> {
    const { leadership } = this.#on;
    const done = new AbortController();
    const limit = AbortSignal.any([signal, done.signal, AbortSignal.timeout(electionMs)]);
    try {
      for (;;) {
        if (leadership.isLeader) return null;
        // Listened to before the look, so that no change in between is missed. One that is frozen takes connections and answers none.
        const change = nextChange(leadership, limit);
        const call = await this.#connect(change);
        if (call !== null) return call;
        const patienceMs = this.#patienceMs(isPatient);
        if (limit.aborted || patienceMs <= 0) throw this.#nobody();
        const end = AbortSignal.any([change, AbortSignal.timeout(patienceMs)]);
        if (!end.aborted) await once(end, 'abort');
      }
    } finally {
      done.abort();
    }
  }

  /** For how long yet a change may be worth waiting for. */
  #patienceMs(isPatient: boolean): number {
    const { staleness } = this.#on.store;
    if (staleness === null) return electionMs;
    return isPatient ? staleness.since.getTime() + restartMs - Date.now() : 0;
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

  /** Null when there is no leader, or it does not answer: then its lease runs out. */
  async #connect(signal: AbortSignal): Promise<LeaderCall<Client> | null> {
    const { leadership, self, connect } = this.#on;
    const { leader } = leadership;
    if (leader === null || leader.address === self.address) return null;
    const client = await connect(leader, signal).catch(() => null);
    return client === null ? null : this.#callOf(client, leader);
  }

  #callOf(client: Client, leader: ManagerContact): LeaderCall<Client> {
    const { leadership } = this.#on;
    const over = new AbortController();
    const look = (): void => {
      if (leadership.leader?.address === leader.address) return;
      const message = `the manager ${leader.name} ceased to lead during the call`;
      over.abort(new TsstackError('unavailable', message, { retryable: true, hint: 'run the command again' }));
    };
    const unsubscribe = leadership.subscribe(look);
    look();
    return { client, over: over.signal, end: () => (unsubscribe(), client.close()) };
  }
}

/** Aborted when another manager leads, or none, and with the signal. */
function nextChange(leadership: Leadership, signal: AbortSignal): AbortSignal {
  const change = new AbortController();
  const both = AbortSignal.any([signal, change.signal]);
  const unsubscribe = leadership.subscribe(() => change.abort());
  both.addEventListener('abort', unsubscribe, { once: true });
  return both;
}
