/** A manager as others reach it. */
export interface ManagerContact {
  /** For people. */
  readonly name: string;
  /** `host:port` of its services. */
  readonly address: string;
}

/** Which of several managers leads. Only the leader acts and writes. */
export interface Leadership {
  /** Whether this manager leads in this moment. */
  readonly isLeader: boolean;
  /** Who leads, as far as this manager knows. */
  readonly leader: ManagerContact | null;
  /** Calls back when this manager begins or ceases to lead, when another one does, and when it can no longer, or again, be known who does. Returns what ends it. */
  subscribe(listener: () => void): () => void;
  /**
   * Lets another manager lead, if this one does: what has begun to be written is, then the lead is given up, and the promise resolves. Stands for
   * election again some seconds later.
   */
  handOver(): Promise<void>;
  /** Stands for election no more; another manager takes over at once. Idempotent. */
  resign(): Promise<void>;
}
