/** Goes back to the service as it was before its last change. */
import type { ServiceObject, TaskObject, UpdateStatus } from '../../../model/objects.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { ChangeSet } from '../../store/change-set.ts';
import { containerNameOf } from '../../tasks/container-name.ts';
import { newSuccessor } from '../../tasks/new-successor.ts';
import { isCurrent, slotsOf, standsFor } from '../../tasks/slots.ts';
import { wantRemoved } from '../../tasks/task-intents.ts';

export interface RollbackOptions {
  /** RFC 3339. */
  readonly now: string;
  /** Status of the update that replaces so many slots; null = nothing is replaced slot by slot. */
  readonly begin: (total: number) => UpdateStatus | null;
  /** What is left becomes what the next rollback goes back to; else there is no next. */
  readonly keepsNewer: boolean;
}

/** Writes the service as it was, with its number of containers, and returns it. Throws when there is nothing to go back to. */
export function rollBack(changes: ChangeSet, service: ServiceObject, options: RollbackOptions): ServiceObject {
  const { previous, spec, specHash, forceCount } = service;
  if (previous === null) {
    throw new InvalidRequestError(`service ${service.name} has nothing to roll back to`, {
      hint: 'a service can be rolled back after it was changed, and by itself only once',
    });
  }
  const newer = options.keepsNewer ? { spec, specHash, forceCount } : null;
  const back = { ...service, ...previous, previous: newer };
  const tasks = changes.tasksOfService(service.stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  const total = slotsOf(tasks, back).filter(({ current }) => current.length === 0).length;
  const written = { ...back, update: options.begin(total) };
  changes.put(written);
  for (const task of tasks) if (isCurrent(task, back)) changes.put({ ...task, spec: back.spec });
  scaleTo(changes, written, tasks, options.now);
  return written;
}

/** As many slots as it had; what is made newly is not part of the update. */
function scaleTo(changes: ChangeSet, service: ServiceObject, tasks: readonly TaskObject[], now: string): void {
  if (service.spec.deploy.mode !== 'replicated') return;
  const slots = slotsOf(tasks, service);
  for (const { current, outdated } of slots.slice(service.spec.replicas)) {
    for (const task of [...current, ...outdated]) {
      changes.put(wantRemoved(task, { removeVolumes: false, stopGraceMs: null }));
    }
  }
  const [first] = slots;
  if (first === undefined) return;
  let number = Math.max(...slots.map((slot) => slot.number));
  for (let count = slots.length; count < service.spec.replicas; count++) {
    const task = { ...standsFor(first), slot: ++number };
    const containerName = containerNameOf(service.stack, service.spec, task.slot);
    changes.put(newSuccessor(changes, { task, service, containerName, rollout: null, history: [], now }));
  }
}
