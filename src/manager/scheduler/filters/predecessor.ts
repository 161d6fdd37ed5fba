import type { Filter } from './filter.ts';

/** Two containers of one name cannot be on one node. */
export const predecessor: Filter = {
  name: 'predecessor',
  looksAtLoad: false,
  check: ({ node, pins }) => !pins.predecessors.includes(node.id),
  explain: ({ task }) => `with the previous ${task.containerName}, which does not end`,
};
