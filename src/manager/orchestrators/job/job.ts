/** Loop: goes on with jobs of which not all containers may run at once. */
import type { ServiceObject } from '../../../model/objects.ts';
import type { Reconciler } from '../../loops/reconcile-loop.ts';
import { ChangeSet } from '../../store/change-set.ts';
import type { Change, ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { carryOut } from '../../tasks/carry-out.ts';
import { slotsOf, standsFor, type Slot } from '../../tasks/slots.ts';
import { hasEnded } from '../../tasks/task-phase.ts';
import { freeNumbers } from '../replicated/plan-service.ts';
import { retryMs } from '../restart/retry.ts';

/** Keys are ids of services. */
export const job: Reconciler<string> = { name: 'job', concerns, everything, reconcile };

/** Only the end of a container makes room for the next one. */
function concerns({ after }: ObjectChange): readonly string[] {
  return after?.kind === 'task' && isOfJob(after.spec.deploy.mode) && hasEnded(after) ? [after.serviceId] : [];
}

function everything(view: StoreView): readonly string[] {
  return view.all('service').flatMap(({ id, spec }) => (isOfJob(spec.deploy.mode) ? [id] : []));
}

function isOfJob(mode: string): boolean {
  return mode === 'replicated-job';
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): readonly Change[] {
  const changes = new ChangeSet(view);
  for (const id of ids) {
    const service = view.get('service', id);
    if (service !== undefined && isOfJob(service.spec.deploy.mode)) goOn(changes, service, now);
  }
  return changes.changes;
}

/** A run begins with `up`, or by its schedule; what has ended, well or badly, has had its turn. */
function goOn(changes: ChangeSet, service: ServiceObject, now: string): void {
  const { replicas, deploy } = service.spec;
  const tasks = changes.tasksOfService(service.stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  const slots = slotsOf(tasks, service);
  if (service.suspended || !slots.some(hasBegun)) return;
  const running = slots.filter(isOccupied).length;
  const missing = Math.min((deploy.maxConcurrent ?? replicas) - running, replicas - slots.length);
  const numbers = freeNumbers(slots);
  for (let count = 0; count < missing; count++) {
    carryOut(changes, service, [{ type: 'create', slot: numbers.next().value, node: null }], now);
  }
}

/** Not one that was only created (`--no-start`). */
function hasBegun({ current }: Slot): boolean {
  return current.some(({ desired, gate }) => desired !== 'ready' || gate !== null);
}

function isOccupied(slot: Slot): boolean {
  const task = standsFor(slot);
  return !hasEnded(task) || retryMs(task) !== null;
}
