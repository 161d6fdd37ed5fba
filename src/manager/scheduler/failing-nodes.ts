import type { TaskObject } from '../../model/objects.ts';
import { isFailure } from '../../model/states.ts';
import type { StoreView } from '../store/object-index.ts';

/** So many failures of a service in so long a time put a node last for it (semantics.md, section 4). */
const maxFailures = 5;
const failureWindowMs = 5 * 60_000;

/** Nodes on which tasks of this service and definition keep failing. */
export function failingNodes(view: StoreView, task: TaskObject, nowMs: number): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const other of view.failedTasks(task)) {
    const { state, at } = other.status;
    for (const past of [...other.history, { ...other, state, at }]) {
      const isRecent = Date.parse(past.at) >= nowMs - failureWindowMs;
      if (past.nodeId === null || past.specHash !== task.specHash || !isRecent || !isFailure(past.state)) continue;
      counts.set(past.nodeId, (counts.get(past.nodeId) ?? 0) + 1);
    }
  }
  return new Set([...counts].filter(([, count]) => count >= maxFailures).map(([nodeId]) => nodeId));
}
