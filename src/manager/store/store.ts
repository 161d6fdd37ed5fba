import type { Change, ObjectChange } from './change.ts';
import type { StoreView } from './object-index.ts';

/** One committed transaction, told to subscribers in the order of commits. */
export interface Committed {
  readonly changes: readonly ObjectChange[];
}

/** Why and since when the store cannot be followed. */
export interface Staleness {
  readonly since: Date;
  /** One line for people, which names what is missing. */
  readonly reason: string;
}

/**
 * `now`: written for good when the promise resolves. `later`: with the next transaction that is `now`, at the latest; a host that loses power before may
 * have lost it. That is for what will be said again, as agents do of their tasks' states, and not for what was decided.
 */
export type Durability = 'now' | 'later';

/** What every backend offers. The shared conformance suite is test/unit/manager/store/store-conformance.ts. */
export interface Store {
  /** Made with the store; an agent refuses a manager of another cluster. */
  readonly clusterId: string;
  /** Grows when the store is restored or made anew. */
  readonly epoch: number;
  /**
   * Commits that are written for good: it grows, and goes on where the store moves to. One that is lower than it was, was set back to an older state.
   */
  readonly revision: number;
  /** The state after the last commit. */
  readonly view: StoreView;
  /** Null when `view` is the latest; else since when others may have written what it does not show. */
  readonly staleness: Staleness | null;

  /**
   * Writes what `plan` wants, all or nothing, durable as `durability` says (`now` unless told otherwise); an empty plan writes nothing. `plan` has to be pure: a backend
   * may call it again when others have written meanwhile. What it throws, the promise rejects with.
   */
  update<Result>(plan: (view: StoreView) => Transaction<Result>, durability?: Durability): Promise<Result>;

  /** Calls back after each commit, from the next one on. Together with `view` in the same turn there is no gap. Returns what ends it. */
  subscribe(listener: (committed: Committed) => void): () => void;

  /** The content of a secret or config; undefined when it has none. */
  payloadContent(id: string): Buffer | undefined;

  close(): void;
}

/** Changes to write, and what the caller wants to know about them. */
export interface Transaction<Result> {
  readonly changes: readonly Change[];
  readonly result: Result;
}
