import { volumesOf } from '../volumes-of.ts';
import type { Filter, Placement } from './filter.ts';

/** A volume's content is on one node; so are the containers that use it. */
export const volumeAffinity: Filter = {
  name: 'volume-affinity',
  check: (placement) => misplaced(placement) === undefined,
  explain: (placement) => `without volume ${misplaced(placement) ?? ''}`,
};

function misplaced({ task, node, view }: Placement): string | undefined {
  return volumesOf(view, task).find(({ nodeId }) => nodeId !== '' && nodeId !== node.id)?.name;
}
