import { ownersOf } from '../../tasks/shared-tasks.ts';
import type { Filter } from './filter.ts';

/** Who shares a container's namespaces lives where that container lives; the scheduler places it after that one. */
export const sharedNamespaces: Filter = {
  name: 'shared-namespaces',
  check: ({ task, node, view }) => {
    const owners = ownersOf(task).flatMap((id) => view.get('task', id) ?? []);
    return owners.every(({ nodeId }) => nodeId === node.id);
  },
  explain: () => 'without the container whose namespaces it shares',
};
