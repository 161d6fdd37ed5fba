/** `service rebalance`. Pure. */
import type { ServiceObject } from '../../model/objects.ts';
import { isGlobal, isJob } from '../../model/deploy-spec.ts';
import type { RebalanceServiceRequest, ServiceChangeResponse } from '../../rpc/messages.ts';
import { InvalidRequestError } from '../errors.ts';
import { suitableNodes } from '../orchestrators/global/suitable-nodes.ts';
import { chooseMoved } from '../orchestrators/rebalance/choose-moved.ts';
import { isMovedByUpdate } from '../orchestrators/update/create-first.ts';
import { beginUpdate, moveConfig } from '../orchestrators/update/update-status.ts';
import { openGates } from '../stacks/execute-plan.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { carryOut } from '../tasks/carry-out.ts';
import { outdatedForceCount } from '../tasks/slots.ts';
import { changeResponse } from './change-response.ts';
import { findService } from './stored-stack.ts';

/** The scheduler prefers nodes with the fewest containers of the service: all that is to be done is to make some of them anew. */
export function rebalanceService(
  view: StoreView,
  { stack, service: name }: RebalanceServiceRequest,
  now: string,
): Transaction<ServiceChangeResponse> {
  const service = findService(view, stack, name);
  checkMovable(service);
  const tasks = view.tasksOfService(stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  const moved = chooseMoved(tasks, service, suitableNodes(view, service.spec, new Set()));
  const changes = new ChangeSet(view);
  const byUpdate = moved.filter((task) => isMovedByUpdate(task, service, changes));
  const atOnce = moved.filter((task) => !byUpdate.includes(task));
  carryOut(
    changes,
    service,
    atOnce.map((task) => ({ type: 'replace', task }) as const),
    now,
  );
  for (const task of byUpdate) changes.put({ ...task, forceCount: outdatedForceCount });
  if (byUpdate.length > 0)
    changes.put({ ...service, update: beginUpdate(moveConfig(service.spec), byUpdate.length, now) });
  openGates(changes, stack);
  const steps = moved.map((task) => ({
    action: 'replace',
    kind: 'container',
    name: task.containerName,
    service: name,
    reasons: ['moves to a node that has fewer'],
  }));
  return changeResponse(changes, service, steps);
}

function checkMovable({ name, spec }: ServiceObject): void {
  const why = isGlobal(spec)
    ? 'it has one container on each node'
    : isJob(spec)
      ? 'its containers end by themselves'
      : spec.container.mounts.some(({ type }) => type === 'volume')
        ? 'its volumes are where its containers are'
        : null;
  if (why !== null) throw new InvalidRequestError(`service ${name} cannot be rebalanced: ${why}`);
}
