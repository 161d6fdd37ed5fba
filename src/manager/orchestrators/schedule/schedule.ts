/** Loop: runs jobs when the time of their schedule has come. */
import { isGlobal } from '../../../model/deploy-spec.ts';
import type { ScheduleSpec } from '../../../model/deploy-spec.ts';
import type { ServiceObject } from '../../../model/objects.ts';
import { nextTime } from '../../../model/schedule.ts';
import { isAhead } from '../../loops/is-ahead.ts';
import type { Reconciliation, TimedReconciler } from '../../loops/reconcile-loop.ts';
import { ChangeSet } from '../../store/change-set.ts';
import type { ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { carryOut } from '../../tasks/carry-out.ts';
import { imageChange } from '../../tasks/image-change.ts';
import { slotsOf } from '../../tasks/slots.ts';
import { hasEnded } from '../../tasks/task-phase.ts';
import { nodesWith, suitableNodes } from '../global/suitable-nodes.ts';
import { planService } from '../replicated/plan-service.ts';

/** Keys are ids of services. */
export const schedule: TimedReconciler<string> = { name: 'schedule', concerns, everything, reconcile };

function concerns({ after }: ObjectChange): readonly string[] {
  return after?.kind === 'service' && after.spec.deploy.schedule !== null ? [after.id] : [];
}

function everything(view: StoreView): readonly string[] {
  return view.all('service').flatMap(({ id, spec }) => (spec.deploy.schedule === null ? [] : [id]));
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): Reconciliation<string> {
  const changes = new ChangeSet(view);
  const lookAgainAt = new Map<string, number>();
  const nowMs = Date.parse(now);
  for (const id of ids) {
    const service = view.get('service', id);
    if (service === undefined) continue;
    const dueMs = nextRunMs(service);
    if (dueMs === null) continue;
    // By a clock that was ahead its times have come already: those of the right clock count from now on.
    if (isAhead(Date.parse(service.scheduledUntil ?? now), nowMs)) changes.put({ ...service, scheduledUntil: now });
    else if (dueMs > nowMs) lookAgainAt.set(id, dueMs);
    else takeTurn(changes, service, now);
  }
  return { changes: changes.changes, lookAgainAt };
}

/** In ms since the epoch; null when it is not to run, or never again. */
function nextRunMs({ spec, scheduledUntil, suspended }: ServiceObject): number | null {
  const when: ScheduleSpec | null = spec.deploy.schedule;
  if (when === null || scheduledUntil === null || suspended) return null;
  return nextTime(when, Date.parse(scheduledUntil));
}

/** One run for all that fell due meanwhile; none while the one before goes on. */
function takeTurn(changes: ChangeSet, service: ServiceObject, now: string): void {
  const tasks = changes.tasksOfService(service.stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  const goesOn = slotsOf(tasks, service).some(({ current, outdated }) =>
    [...current, ...outdated].some((task) => !hasEnded(task)),
  );
  const turned = { ...service, scheduledUntil: now };
  if (goesOn) changes.put(turned);
  else runJob(changes, turned, now);
}

/** Runs a job anew, whatever has become of the run before. */
export function runJob(changes: ChangeSet, service: ServiceObject, now: string): void {
  const tasks = changes.tasksOfService(service.stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  const forceCount = Math.max(service.forceCount, ...tasks.map((task) => task.forceCount)) + 1;
  const next = { ...service, forceCount };
  const { spec, specHash } = next;
  changes.put(next);
  const steps = planService(tasks, {
    replicas: spec.replicas,
    specHash,
    forceCount,
    recreate: 'diverged',
    isJob: true,
    start: false,
    isNamespaceReplaced: false,
    isVolumeReplaced: false,
    hasImageMoved: (task) => imageChange(changes, task) !== null,
    nodes: isGlobal(spec) ? suitableNodes(changes, spec, nodesWith(tasks)) : null,
    maxConcurrent: spec.deploy.maxConcurrent,
    isRolled: false,
  });
  carryOut(changes, next, steps, now);
}
