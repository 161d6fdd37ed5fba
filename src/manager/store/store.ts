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

/** What every backend offers. The shared conformance suite is test/unit/manager/store/store-conformance.ts. */
export interface Store {
  /** Made with the store; an agent refuses a manager of another cluster. */
  readonly clusterId: string;
  /** Grows when the store is restored or made anew. */
  readonly epoch: number;
  /** Grows with each commit, and goes on where the store moves to: one that is lower than it was, was set back to an older state. */
  readonly revision: number;
  /** The state after the last commit. */
  readonly view: StoreView;
  /** Null when `view` is the latest; else since when others may have written what it does not show. */
  readonly staleness: Staleness | null;

  /**
   * Writes what `plan` wants, all or nothing, durable when the promise resolves; an empty plan writes nothing. `plan` has to be pure: a backend
   * may call it again when others have written meanwhile. What it throws, the promise rejects with.
   */
  update<Result>(plan: (view: StoreView) => Transaction<Result>): Promise<Result>;

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
