import { canonicalJson } from '../../model/canonical-json.ts';
import type { ChangeSet } from '../store/change-set.ts';

/** The routes of the host of this manager as they are now. */
export interface HostRoutes {
  /** Null on a lone host, whose only node it is. */
  readonly nodeId: string | null;
  /** Destinations in CIDR form; null where nobody can say. */
  readonly routes: readonly string[] | null;
}

/**
 * Notes the routes where a new network wants a subnet, which has to avoid them: another program, or another daemon, may have made networks on this host since
 * its agent told of them.
 */
export function noteRoutes(changes: ChangeSet, { nodeId, routes }: HostRoutes): void {
  const isWanted = changes.all('network').some(({ pools, spec }) => pools.length === 0 && !spec.external);
  if (!isWanted || routes === null) return;
  const node = nodeId === null ? changes.all('node')[0] : changes.get('node', nodeId);
  if (node === undefined || canonicalJson(node.description.routes) === canonicalJson(routes)) return;
  changes.put({ ...node, description: { ...node.description, routes } });
}
