import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { connectDispatcherOf } from '../../rpc/secure-client.ts';
import type { DispatcherClient } from '../../rpc/service-types.ts';
import type { ClusterFiles, Membership } from '../cluster/cluster-files.ts';
import { ManagerList } from '../cluster/manager-list.ts';
import type { RoleContext } from './role.ts';

/** The way of an agent to the other managers, while the one of its host cannot tell it anything. */
export class OtherManagers {
  readonly #files: ClusterFiles;
  readonly #membership: Membership | null;
  readonly #list: ManagerList;

  constructor({ files }: RoleContext, membership: Membership | null) {
    this.#files = files;
    this.#membership = membership;
    const known = membership?.managers ?? [];
    this.#list = new ManagerList(known.filter((address) => address !== membership?.managerAddress));
  }

  /** Rejects with `problem` when there are no others. */
  async connect(problem: () => Error, signal: AbortSignal): Promise<DispatcherClient> {
    if (this.#membership === null || this.#list.addresses.length === 0) throw problem();
    const identity = this.#files.readIdentity(this.#membership);
    return connectDispatcherOf(this.#list.next(), { authorities: identity.authorities, identity }, { signal });
  }

  /** See ManagerAccess. */
  goTo(manager: string): boolean {
    return this.#list.prefer(manager);
  }
}

/** How the agent of a manager that cannot act for now comes to its assignments. */
export function accessToOthers(
  context: RoleContext,
  membership: Membership | null,
  problem: () => Error,
): ManagerAccess {
  const others = new OtherManagers(context, membership);
  return {
    connect: (signal) => others.connect(problem, signal),
    address: () => membership?.address ?? '',
    onCluster: (facts) => context.takeRole(facts),
    goTo: (manager) => others.goTo(manager),
    onSession: () => undefined,
  };
}
