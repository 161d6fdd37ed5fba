import type { Filter } from './filter.ts';

/** Two containers of one name cannot be on one node. */
export const predecessor: Filter = {
  name: 'predecessor',
  looksAt: 'task',
  isAsked: ({ pins }) => pins.predecessors.length > 0,
  check: ({ node, pins }) => !pins.predecessors.includes(node.id),
  explain: ({ task }) => `with the previous ${task.containerName}, which does not end`,
};
