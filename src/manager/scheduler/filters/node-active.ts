import type { Filter } from './filter.ts';

/** Paused and drained nodes get nothing new. */
export const nodeActive: Filter = {
  name: 'node-active',
  looksAt: 'node',
  check: ({ node }) => node.availability === 'active',
  explain: ({ node }) => `closed for new tasks (${node.availability})`,
};
