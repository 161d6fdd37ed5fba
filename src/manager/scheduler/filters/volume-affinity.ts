import type { Filter, Placement } from './filter.ts';

/** A volume's content is on one node; so are the containers that use it. */
export const volumeAffinity: Filter = {
  name: 'volume-affinity',
  looksAt: 'task',
  isAsked: ({ pins }) => pins.volumes.length > 0,
  check: (placement) => misplaced(placement) === undefined,
  explain: (placement) => `without volume ${misplaced(placement) ?? ''}`,
};

function misplaced({ node, pins }: Placement): string | undefined {
  return pins.volumes.find(({ nodeId }) => nodeId !== node.id)?.name;
}
