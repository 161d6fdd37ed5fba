import type { Filter } from './filter.ts';

/** `storage_opt`: the file system of the node's data has to have quotas. */
export const storageLimit: Filter = {
  name: 'storage-limit',
  looksAt: 'task',
  isAsked: ({ task }) => task.spec.container.storageBytes !== null,
  check: ({ task, node }) => task.spec.container.storageBytes === null || node.description.limitsStorage,
  explain: () => 'without project quotas for storage_opt.size on the file system of its data',
};
