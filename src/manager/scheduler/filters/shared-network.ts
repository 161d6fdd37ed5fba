import type { Filter } from './filter.ts';

/** Who shares a container's network namespace lives where that container lives; the scheduler places it after that one. */
export const sharedNetwork: Filter = {
  name: 'shared-network',
  check: ({ task, node, view }) => {
    if (task.sharedNetworkTask === null) return true;
    const owner = view.get('task', task.sharedNetworkTask);
    return owner === undefined || owner.nodeId === node.id;
  },
  explain: () => 'without the container whose network it shares',
};
