/** Stop-first: what the new container needs is had ready on the node of the old one, before that is told to go. Pure. */
import type { ServiceObject, SuccessorStatus, TaskObject, UpdateStatus } from '../../../model/objects.ts';
import { imagesOf } from '../../images/images-of.ts';
import { outdatedForceCount } from '../../tasks/slots.ts';
import { mayRun } from '../../tasks/task-phase.ts';

/** The old container with the request to have ready what its successor needs; null when there is nothing to be had, or nothing to be kept up. */
export function askToPrepare(
  old: TaskObject,
  service: ServiceObject,
  update: UpdateStatus,
  now: string,
): TaskObject | null {
  const images = imagesOf(service.spec);
  if (images.length === 0 || !mayRun(old) || old.nodeId === null || !isNewThere(old, service)) return null;
  const { pullPolicy } = service.spec;
  return { ...old, successor: { update: update.startedAt, askedAt: now, images, pullPolicy } };
}

/** What has come of that request in this update; null when none was made. */
export function preparationOf({ successor, status }: TaskObject, update: UpdateStatus): SuccessorStatus | null {
  if (successor?.update !== update.startedAt) return null;
  const known = status.successor;
  if (known?.update === update.startedAt) return known;
  return { update: update.startedAt, state: 'preparing', at: successor.askedAt, message: '' };
}

/** True when this update has asked for it, and it is still waited for. */
export function isPreparing(old: TaskObject, update: UpdateStatus): boolean {
  return mayRun(old) && (preparationOf(old, update)?.state ?? 'ready') !== 'ready';
}

/** True when what this update has asked for is there. */
export function isPrepared(old: TaskObject, update: UpdateStatus): boolean {
  return preparationOf(old, update)?.state === 'ready';
}

/** False when the node has them by all that is known: the container that runs there was made of them. */
function isNewThere({ spec, status, forceCount }: TaskObject, service: ServiceObject): boolean {
  const present = new Set(imagesOf(spec));
  if (imagesOf(service.spec).some((name) => !present.has(name))) return true;
  const { container } = status;
  if (container === null || container.currentImageId !== container.imageId || container.movedMounts.length > 0)
    return true;
  const { pullPolicy } = service.spec;
  // One that only moves to another node takes what it is made of along.
  return pullPolicy !== 'missing' && pullPolicy !== 'never' && forceCount !== outdatedForceCount;
}
