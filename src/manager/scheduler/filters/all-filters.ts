import type { NodeObject } from '../../../model/objects.ts';
import { constraints } from './constraints.ts';
import { encryption } from './encryption.ts';
import type { Asked, Filter, Placement } from './filter.ts';
import { hookOwner } from './hook-owner.ts';
import { hostPorts } from './host-ports.ts';
import { maxReplicas } from './max-replicas.ts';
import { nodeActive } from './node-active.ts';
import { nodeReady } from './node-ready.ts';
import { predecessor } from './predecessor.ts';
import { platform } from './platform.ts';
import { reservations } from './reservations.ts';
import { sharedNamespaces } from './shared-namespaces.ts';
import { storageLimit } from './storage-limit.ts';
import { volumeAffinity } from './volume-affinity.ts';

/** In the order in which they explain: the first that refuses a node names the reason. */
const filters: readonly Filter[] = [
  nodeReady,
  nodeActive,
  reservations,
  constraints,
  platform,
  hostPorts,
  maxReplicas,
  volumeAffinity,
  storageLimit,
  encryption,
  sharedNamespaces,
  hookOwner,
  predecessor,
];

const ofNodes = filters.filter((filter) => filter.looksAt === 'node');
const ofTasks = filters.filter((filter) => filter.looksAt === 'task');
const ofLoads = filters.filter((filter) => filter.looksAt === 'load');

/** Whether the node takes tasks at all. */
export function isOpen(node: NodeObject): boolean {
  return ofNodes.every((filter) => filter.check({ node }));
}

/** Whether an open node suits the tasks, as far as placing others cannot change that; null when every one does. */
export function suitability(asked: Asked): ((placement: Placement) => boolean) | null {
  const relevant = ofTasks.filter((filter) => filter.isAsked(asked));
  return relevant.length === 0 ? null : (placement) => relevant.every((filter) => filter.check(placement));
}

/** Whether the node suits, as far as placing others cannot change that. */
export function suits(placement: Placement): boolean {
  return isOpen(placement.node) && (suitability(placement)?.(placement) ?? true);
}

/** Whether the node has room left. */
export function hasRoom(placement: Placement): boolean {
  return ofLoads.every((filter) => filter.check(placement));
}

/** Why the node will not do; undefined when it will. */
export function refusalOf(placement: Placement): string | undefined {
  return filters.find((filter) => !filter.check(placement))?.explain(placement);
}
