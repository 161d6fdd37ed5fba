/** `cluster accept`: the present state of the store counts, though nodes have seen a newer one. Pure. */
import type { AcceptStoreResponse } from '../../rpc/messages.ts';
import { put } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';

/** Ids of the nodes that are to hear of it are in the result. */
export function acceptStore(view: StoreView): Transaction<AcceptStoreResponse> {
  const nodes = view
    .all('node')
    .flatMap((node) => (node.newerStore === null ? [] : [{ ...node, newerStore: node.newerStore }]));
  const changes = nodes
    .filter(({ newerStore }) => !newerStore.isAccepted)
    .map((node) => put({ ...node, newerStore: { ...node.newerStore, isAccepted: true } }));
  return { changes, result: { nodeIds: nodes.map(({ id }) => id), hostnames: nodes.map(({ hostname }) => hostname) } };
}
