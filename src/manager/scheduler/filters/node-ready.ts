import type { Filter } from './filter.ts';

/** Nodes that are down or have not reported yet get nothing. */
export const nodeReady: Filter = {
  name: 'node-ready',
  looksAt: 'node',
  check: ({ node }) => node.state === 'ready',
  explain: ({ node }) => `not ready (${node.state})`,
};
