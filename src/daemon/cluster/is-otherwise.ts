import type { ClusterFacts } from '../../rpc/messages.ts';
import type { Membership } from './cluster-files.ts';

/** Whether the cluster wants this host to be something else than it is. */
export function isOtherwise({ role, managers }: ClusterFacts, membership: Membership): boolean {
  if (role !== 'worker' && role !== 'manager') return false;
  if (role !== membership.role) return true;
  // One that was demoted and promoted again while it was away.
  return role === 'manager' && managers.length > 0 && !managers.includes(membership.managerAddress);
}
