import type { TaskObject } from '../../model/objects.ts';
import type { StackSpec } from '../../model/spec.ts';
import type { StoreView } from '../store/object-index.ts';
import { hasEnded, isLeaving } from '../tasks/task-phase.ts';
import type { StackStep } from './stack-step.ts';

/**
 * Containers of services that the file does not have, and finished one-offs: removed when asked for, else listed. The services themselves are
 * forgotten in any case: that is how `down` tells an orphan from the rest.
 */
export function planOrphans(
  view: StoreView,
  spec: StackSpec,
  isRemovalAsked: boolean,
): { readonly steps: readonly StackStep[]; readonly left: readonly string[] } {
  const known = new Set([...Object.keys(spec.services), ...spec.disabledServices]);
  const services = view.ofStack('service', spec.name).filter(({ name }) => !known.has(name));
  const forget = services.map((service): StackStep => ({ type: 'remove-service', service }));
  const orphans = view.ofStack('task', spec.name).filter((task) => isOrphan(task, known));
  if (!isRemovalAsked) return { steps: forget, left: orphans.map(({ containerName }) => containerName) };
  return {
    steps: [...forget, ...orphans.map((task): StackStep => ({ type: 'remove-task', task, reason: 'orphan' }))],
    left: [],
  };
}

/** True for a container that no service of the file accounts for. */
function isOrphan(task: TaskObject, known: ReadonlySet<string>): boolean {
  if (isLeaving(task)) return false;
  return !known.has(task.service) || (task.oneOff !== null && task.hookOf === null && hasEnded(task));
}
