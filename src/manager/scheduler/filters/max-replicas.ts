import { isLeaving } from '../../tasks/task-phase.ts';
import type { Filter, Placement } from './filter.ts';

/** `deploy.placement.max_replicas_per_node`. */
export const maxReplicas: Filter = {
  name: 'max-replicas',
  check: (placement) => {
    const { maxReplicasPerNode } = placement.task.spec.deploy.placement;
    return maxReplicasPerNode === null || replicasOf(placement) < maxReplicasPerNode;
  },
  explain: (placement) => `with max_replicas_per_node (${replicasOf(placement)}) of the service on it`,
};

function replicasOf({ task, node, view }: Placement): number {
  return view
    .ofStack('task', task.stack)
    .filter(({ service, nodeId, oneOff }) => service === task.service && nodeId === node.id && oneOff === null)
    .filter((other) => other.id !== task.id && !isLeaving(other)).length;
}
