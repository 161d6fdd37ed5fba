import { serviceKeyOf } from '../../store/node-load.ts';
import type { Filter, Placement } from './filter.ts';

/** `deploy.placement.max_replicas_per_node`. */
export const maxReplicas: Filter = {
  name: 'max-replicas',
  looksAt: 'load',
  check: (placement) => {
    const { maxReplicasPerNode } = placement.task.spec.deploy.placement;
    return maxReplicasPerNode === null || othersOn(placement) < maxReplicasPerNode;
  },
  explain: (placement) => `with max_replicas_per_node (${othersOn(placement)}) of the service on it`,
};

/** Without the one whose place it takes. */
function othersOn({ task, node, load, pins: { replaced } }: Placement): number {
  return load.replicasOf(serviceKeyOf(task)) - (replaced?.nodeId === node.id ? 1 : 0);
}
