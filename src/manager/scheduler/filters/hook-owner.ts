import type { Filter } from './filter.ts';

/** A pre_start hook runs where the container is that waits for it. */
export const hookOwner: Filter = {
  name: 'hook-owner',
  looksAt: 'task',
  isAsked: ({ pins }) => pins.hookOwner !== null,
  check: ({ node, pins }) => pins.hookOwner === null || pins.hookOwner === node.id,
  explain: () => 'without the container that waits for the hook',
};
