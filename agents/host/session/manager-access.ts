import type { ClusterFacts } from '../../../src/rpc/messages.ts';
import type { DispatcherClient } from '../../../src/rpc/service-types.ts';

/** How an agent comes to its managers; what it is depends on what this host is in a cluster. */
export interface ManagerAccess {
  /** A connection to some manager. */
  connect(signal: AbortSignal): Promise<DispatcherClient>;
  /** Where other nodes reach this host by now; empty on a lone host. */
  address(): string;
  /** A manager told what it has to be known of the cluster. */
  onCluster(facts: ClusterFacts): void;
  /** Another manager has named that one (ADDRESS:PORT) as who leads: the next connection is to it. False when that is none that is known. */
  goTo(manager: string): boolean;
  /**
   * Resolves when another manager leads than the one that the last connection was to: the next connection is to that one. Rejects when nobody can
   * tell. Costs others something: for when there is a reason to ask.
   */
  newLeader(signal: AbortSignal): Promise<void>;
  /** A session stands (null), or there is none for that reason. */
  onSession(problem: string | null): void;
}
