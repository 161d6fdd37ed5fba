/** What a rollback of a service goes back to. */
import { canonicalJson } from '../../model/canonical-json.ts';
import type { ServiceObject, ServiceVersion, TaskObject } from '../../model/objects.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import { isCurrent, slotsOf } from '../tasks/slots.ts';
import { isUp } from '../tasks/task-fate.ts';

/**
 * The service before its last change. Swarm goes back to that whatever became of it, and so from one bad version to another; a version whose update
 * was stopped, or has not come to its end, is passed over here: then it is the one before, which serves.
 */
export function previousVersion(
  before: ServiceObject | null,
  wanted: Pick<ServiceVersion, 'specHash' | 'forceCount'> & { readonly spec: ServiceSpec },
  tasks: readonly TaskObject[],
): ServiceVersion | null {
  if (before === null) return null;
  const { previous, spec, specHash, forceCount } = before;
  if (isCurrent(before, wanted) && canonicalJson([spec]) === canonicalJson([wanted.spec])) return previous;
  // Who goes back by the file can go forward again by a rollback.
  const isPassedOver = previous !== null && !isCurrent(previous, wanted) && isHalfDone(before, tasks);
  return isPassedOver ? previous : { spec, specHash, forceCount };
}

/** The status alone does not say: it may be of an update that the file has taken back, or of containers that only move to other nodes. */
function isHalfDone(service: ServiceObject, tasks: readonly TaskObject[]): boolean {
  if (service.update?.state !== 'updating' && service.update?.state !== 'paused') return false;
  return slotsOf(tasks, service).some(({ current, outdated }) => outdated.length > 0 || !current.some(isUp));
}
