import type { TaskObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';

/** So many failures of a service in so long a time put a node last for it (semantics.md, section 4). */
const maxFailures = 5;
const failureWindowMs = 5 * 60_000;

/** Nodes on which tasks of this service and definition keep failing. */
export function failingNodes(view: StoreView, task: TaskObject, nowMs: number): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { nodeId, status } of view.failedTasks(task)) {
    if (nodeId === null || Date.parse(status.at) < nowMs - failureWindowMs) continue;
    counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count >= maxFailures).map(([nodeId]) => nodeId));
}
