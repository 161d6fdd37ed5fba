import type { ServiceObject } from '../../model/objects.ts';
import type { PlanStep, ServiceChangeResponse } from '../../rpc/messages.ts';
import { StoreConflictError } from '../store/errors.ts';
import { concernedTasks, updatingServices } from '../api/apply-stack.ts';
import type { ChangeSet } from '../store/change-set.ts';
import type { Transaction } from '../store/store.ts';

/** What the caller of a change has to follow. */
export function changeResponse(
  changes: ChangeSet,
  { stack, name }: Pick<ServiceObject, 'stack' | 'name'>,
  steps: readonly PlanStep[],
): Transaction<ServiceChangeResponse> {
  const selected = new Set([name]);
  const taskIds = concernedTasks(changes, stack, selected);
  const updating = updatingServices(changes, stack, selected).length > 0;
  return { changes: changes.changes, result: { steps, taskIds, updating } };
}

/** Throws when somebody else has changed the service since the caller looked. */
export function checkVersion(service: ServiceObject, seen: number): void {
  if (seen !== 0 && seen !== service.version) {
    throw new StoreConflictError('service', service.name, seen, service.version);
  }
}
