import type { NodeObject } from '../../model/objects.ts';
import { revokeSerials } from '../nodes/node-role.ts';
import type { ChangeSet } from '../store/change-set.ts';

/** Takes a node out of the cluster: its certificate is refused from now on, wherever it still has it. */
export function removeNode(changes: ChangeSet, node: NodeObject, now: Date): void {
  changes.delete(node);
  revokeSerials(changes, node.managerSerials, now);
  const cluster = changes.all('cluster')[0];
  if (cluster === undefined || node.certificate === null) return;
  // What has expired needs no mention any more.
  const refused = Object.entries(cluster.removedNodes).filter(([, expiresAt]) => Date.parse(expiresAt) > now.getTime());
  const removedNodes = { ...Object.fromEntries(refused), [node.id]: node.certificate.expiresAt };
  changes.put({ ...cluster, removedNodes });
}
