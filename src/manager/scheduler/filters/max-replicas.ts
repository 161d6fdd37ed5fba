import { serviceKeyOf } from '../../store/node-load.ts';
import type { Filter } from './filter.ts';

/** `deploy.placement.max_replicas_per_node`. */
export const maxReplicas: Filter = {
  name: 'max-replicas',
  looksAtLoad: true,
  check: ({ task, load }) => {
    const { maxReplicasPerNode } = task.spec.deploy.placement;
    return maxReplicasPerNode === null || load.replicasOf(serviceKeyOf(task)) < maxReplicasPerNode;
  },
  explain: ({ task, load }) =>
    `with max_replicas_per_node (${load.replicasOf(serviceKeyOf(task))}) of the service on it`,
};
