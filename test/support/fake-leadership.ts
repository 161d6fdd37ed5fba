import type { Leadership, ManagerContact } from '../../src/manager/leadership/leadership.ts';

/** Says that a manager leads, never this one, and another one when a test passes the lead on. */
export class FakeLeadership implements Leadership {
  readonly isLeader = false;
  leader: ManagerContact | null;
  readonly listeners = new Set<() => void>();

  constructor(leader: ManagerContact | null) {
    this.leader = leader;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  handOver(): Promise<void> {
    return Promise.resolve();
  }

  resign(): Promise<void> {
    return Promise.resolve();
  }

  pass(leader: ManagerContact | null): void {
    this.leader = leader;
    for (const listener of this.listeners) listener();
  }
}
