/** `service rollback`. Pure. */
import type { ServiceObject } from '../../model/objects.ts';
import type { RollbackServiceRequest, ServiceChangeResponse } from '../../rpc/messages.ts';
import { isJob } from '../../model/deploy-spec.ts';
import { rollBack } from '../orchestrators/update/roll-back.ts';
import { beginRollback, rollbackConfig } from '../orchestrators/update/update-status.ts';
import { openGates } from '../stacks/execute-plan.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { carryOut } from '../tasks/carry-out.ts';
import { slotsOf, standsFor } from '../tasks/slots.ts';
import { changeResponse, checkVersion } from './change-response.ts';
import { findService } from './stored-stack.ts';

/** Swaps the service with what it was before, so that a second rollback goes forward again. */
export function rollbackService(
  view: StoreView,
  request: RollbackServiceRequest,
  now: string,
): Transaction<ServiceChangeResponse> {
  const service = findService(view, request.stack, request.service);
  checkVersion(service, request.version);
  const changes = new ChangeSet(view);
  const config = isJob(service.spec) ? null : rollbackConfig(service);
  const back = rollBack(changes, service, {
    now,
    begin: (total) => (config === null ? null : beginRollback(config, total, now, 'asked for')),
    keepsNewer: true,
  });
  if (config === null) replaceAtOnce(changes, back, now);
  openGates(changes, service.stack);
  return changeResponse(changes, service, []);
}

function replaceAtOnce(changes: ChangeSet, service: ServiceObject, now: string): void {
  const tasks = changes.tasksOfService(service.stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  for (const slot of slotsOf(tasks, service)) {
    if (slot.current.length > 0) continue;
    const [task, ...others] = [standsFor(slot), ...slot.outdated.filter((other) => other !== standsFor(slot))];
    carryOut(
      changes,
      service,
      [{ type: 'replace', task }, ...others.map((other) => ({ type: 'remove', task: other }) as const)],
      now,
    );
  }
}
