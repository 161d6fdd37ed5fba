import type { NodeObject, TaskObject } from '../../../model/objects.ts';
import type { ServiceSpec } from '../../../model/spec.ts';
import { satisfiesConstraints } from '../../scheduler/filters/constraints.ts';
import { hasPlatform } from '../../scheduler/filters/platform.ts';
import type { ObjectLookup } from '../../store/object-index.ts';
import { isLeaving } from '../../tasks/task-phase.ts';

/**
 * Ids of the nodes that have one container of a global service each. Constraints hold, its platform is that of the image, and it is not drained; one that is paused, down or
 * unknown keeps what it has and gets nothing new.
 */
export function suitableNodes(
  lookup: ObjectLookup,
  service: ServiceSpec,
  holders: ReadonlySet<string>,
): readonly string[] {
  return lookup
    .all('node')
    .filter((node) => isOpen(node) || (holders.has(node.id) && node.availability !== 'drain'))
    .filter((node) => satisfiesConstraints(service, node) && hasPlatform(service, node))
    .map(({ id }) => id);
}

/** Whether it takes new containers. */
export function isOpen(node: Pick<NodeObject, 'state' | 'availability'> | undefined): boolean {
  return node?.state === 'ready' && node.availability === 'active';
}

/** Ids of the nodes that have one of these tasks already. */
export function nodesWith(tasks: readonly TaskObject[]): ReadonlySet<string> {
  const own = tasks.filter((task) => task.oneOff === null && !isLeaving(task));
  return new Set(own.flatMap(({ pinnedNode, nodeId }) => pinnedNode ?? nodeId ?? []));
}
