import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { connectDispatcherOf } from '../../rpc/secure-client.ts';
import type { DispatcherClient } from '../../rpc/service-types.ts';
import type { Membership } from '../cluster/cluster-files.ts';
import { ManagerList } from '../cluster/manager-list.ts';
import type { RoleContext } from './role.ts';

/** The way of an agent to the other managers, while the one of its host cannot tell it anything; rejects with `problem` when there are no others. */
export async function connectToOthers(
  { files }: RoleContext,
  membership: Membership | null,
  problem: () => Error,
  signal: AbortSignal,
): Promise<DispatcherClient> {
  const others = membership?.managers.filter((address) => address !== membership.managerAddress) ?? [];
  if (membership === null || others.length === 0) throw problem();
  const identity = files.readIdentity(membership);
  // At random: whoever does not lead says so, and the next attempt asks another one.
  return connectDispatcherOf(
    new ManagerList(others).next(),
    { authorities: identity.authorities, identity },
    { signal },
  );
}

/** How the agent of a manager that cannot act for now comes to its assignments. */
export function accessToOthers(
  context: RoleContext,
  membership: Membership | null,
  problem: () => Error,
): ManagerAccess {
  return {
    connect: (signal) => connectToOthers(context, membership, problem, signal),
    address: () => membership?.address ?? '',
    onCluster: (facts) => context.takeRole(facts),
    onSession: () => undefined,
  };
}
