import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ObjectLookup } from '../store/object-index.ts';
import type { Filter } from './filters/filter.ts';
import { hookOwner } from './filters/hook-owner.ts';
import { constraints } from './filters/constraints.ts';
import { maxReplicas } from './filters/max-replicas.ts';
import { nodeActive } from './filters/node-active.ts';
import { nodeReady } from './filters/node-ready.ts';
import { reservations } from './filters/reservations.ts';
import { sharedNamespaces } from './filters/shared-namespaces.ts';
import { volumeAffinity } from './filters/volume-affinity.ts';

/** In the order in which they explain: the first that refuses a node names the reason. */
const filters: readonly Filter[] = [
  nodeReady,
  nodeActive,
  reservations,
  constraints,
  maxReplicas,
  volumeAffinity,
  sharedNamespaces,
  hookOwner,
];

/** The node that suits the task best, or one line on why none does. Fewest tasks of the service first, then fewest at all. */
export function chooseNode(
  view: ObjectLookup,
  task: TaskObject,
  loadOf: (node: NodeObject) => number,
): NodeObject | { readonly reason: string } {
  const nodes = view.all('node');
  const refusals = new Map<string, number>();
  const fitting = nodes.filter((node) => {
    const placement = { task, node, view };
    const refusing = filters.find((filter) => !filter.check(placement));
    if (refusing === undefined) return true;
    const reason = refusing.explain(placement);
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    return false;
  });
  const best = [...fitting].sort((a, b) => loadOf(a) - loadOf(b) || (a.id < b.id ? -1 : 1))[0];
  return best ?? { reason: explain(nodes.length, refusals) };
}

function explain(nodes: number, refusals: ReadonlyMap<string, number>): string {
  if (nodes === 0) return 'no node has joined yet';
  const parts = [...refusals].map(([reason, count]) => `${count} ${reason}`);
  return `no suitable node: of ${nodes}, ${parts.join(', ')}`;
}
