import type { ServiceObject, TaskObject } from '../../../model/objects.ts';
import { slotsOf, standsFor } from '../../tasks/slots.ts';
import { nodesWith } from '../global/suitable-nodes.ts';

/**
 * Containers that move so that no node has more than one more than another, the highest numbers of the fullest nodes first. `nodes` are those that
 * can take some.
 */
export function chooseMoved(
  tasks: readonly TaskObject[],
  service: ServiceObject,
  nodes: readonly string[],
): readonly TaskObject[] {
  const settled = slotsOf(tasks, service)
    .filter(({ outdated }) => outdated.length === 0)
    .map(standsFor);
  const all = new Set([...nodes, ...nodesWith(settled)]);
  const byNode = new Map([...all].map((node) => [node, settled.filter(({ nodeId }) => nodeId === node)]));
  const counts = new Map([...byNode].map(([node, own]) => [node, own.length]));
  const moved: TaskObject[] = [];
  for (;;) {
    const emptiest = [...nodes].sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0))[0];
    const fullest = [...all].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))[0];
    if (emptiest === undefined || fullest === undefined) return moved;
    const task = byNode.get(fullest)?.pop();
    if (task === undefined || (counts.get(fullest) ?? 0) - (counts.get(emptiest) ?? 0) < 2) return moved;
    moved.push(task);
    counts.set(fullest, (counts.get(fullest) ?? 0) - 1);
    counts.set(emptiest, (counts.get(emptiest) ?? 0) + 1);
  }
}
