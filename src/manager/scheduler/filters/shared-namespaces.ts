import type { Filter } from './filter.ts';

/** Who shares a container's namespaces or volumes lives where that container lives; the scheduler places it after that one. */
export const sharedNamespaces: Filter = {
  name: 'shared-namespaces',
  looksAt: 'task',
  isAsked: ({ pins }) => pins.owners.length > 0,
  check: ({ node, pins }) => pins.owners.every((nodeId) => nodeId === node.id),
  explain: () => 'without the container whose namespaces it shares',
};
