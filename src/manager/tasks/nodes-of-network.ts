import type { NetworkObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';

/** Ids of the nodes that a network spans; none while it is on one node alone, or on nodes that others cannot reach. */
export function nodesOfNetwork(view: StoreView, network: Pick<NetworkObject, 'id'>): readonly string[] {
  const nodes = new Set(view.tasksOfNetwork(network.id).flatMap(({ nodeId }) => nodeId ?? []));
  const reachable = [...nodes].filter((id) => (view.get('node', id)?.address ?? '') !== '');
  return reachable.length > 1 ? reachable.sort() : [];
}
