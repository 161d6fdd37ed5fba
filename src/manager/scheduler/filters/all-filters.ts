import { constraints } from './constraints.ts';
import { encryption } from './encryption.ts';
import type { Filter, Placement } from './filter.ts';
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

const lasting = filters.filter(({ looksAtLoad }) => !looksAtLoad);
const passing = filters.filter(({ looksAtLoad }) => looksAtLoad);

/** Whether the node suits, as far as placing others cannot change that. */
export function suits(placement: Placement): boolean {
  return lasting.every((filter) => filter.check(placement));
}

/** Whether the node has room left. */
export function hasRoom(placement: Placement): boolean {
  return passing.every((filter) => filter.check(placement));
}

/** Why the node will not do; undefined when it will. */
export function refusalOf(placement: Placement): string | undefined {
  return filters.find((filter) => !filter.check(placement))?.explain(placement);
}
