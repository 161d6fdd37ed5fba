import type { Filter } from './filter.ts';

/** Containers of a global service have a node each. */
export const pinnedNode: Filter = {
  name: 'pinned-node',
  looksAtLoad: false,
  check: ({ node, pins }) => pins.node === null || pins.node === node.id,
  explain: () => 'not the one that it is for',
};
