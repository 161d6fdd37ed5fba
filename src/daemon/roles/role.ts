import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import type { NodeDescription } from '../../model/objects.ts';
import type { ClusterFacts, ClusterStatus } from '../../rpc/messages.ts';
import type { AuthorityHandlers, ControlHandlers, DispatcherHandlers } from '../../rpc/service-types.ts';
import type { ClusterFiles } from '../cluster/cluster-files.ts';
import type { SealLock } from '../cluster/seal-lock.ts';
import type { ManagedEtcd } from '../etcd/managed-etcd.ts';
import type { DaemonOptions } from '../options.ts';

/** What every role works with. */
export interface RoleContext {
  readonly options: DaemonOptions;
  readonly version: string;
  readonly files: ClusterFiles;
  /** On the key of this manager's store. */
  readonly sealLock: SealLock;
  /** This manager's member of the managed etcd, where the store is in one. */
  readonly etcd: ManagedEtcd;
  /** Where the daemon's own socket answers. */
  readonly localAddress: () => string;
  /** What the agent of this host says of it. */
  readonly describeHost: () => Promise<NodeDescription>;
  /** Ends the role and its agent, and begins with what the files say then. */
  readonly again: () => void;
  /** A second manager wants to join while the store is for one: moves it, and returns what to tell that manager meanwhile. */
  readonly makeRoom: () => Error;
  /** Managers have said what this host is to be: changes that, unless it is that already. */
  readonly takeRole: (facts: ClusterFacts) => void;
  readonly log: (message: string) => void;
  readonly onError: (error: unknown) => void;
}

/** What this host is: alone or a manager, which is the same in most respects, or a worker. */
export interface Role {
  readonly control: ControlHandlers;
  readonly dispatcher: DispatcherHandlers;
  readonly authority: AuthorityHandlers;
  /** How the agent of this host comes to its manager. */
  readonly managers: ManagerAccess;
  /** Aborted when the role is over: streams of clients end. */
  readonly over: AbortSignal;
  readonly status: ClusterStatus;
  stop(): Promise<void>;
}
