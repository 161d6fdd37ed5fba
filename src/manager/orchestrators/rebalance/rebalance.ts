/** Loop: of services with `rebalance: auto`, containers move to nodes that have fewer, one after the other. */
import { defaultUpdate, isGlobal, isJob } from '../../../model/deploy-spec.ts';
import type { NodeObject, ServiceObject, TaskObject } from '../../../model/objects.ts';
import type { Reconciliation, TimedReconciler } from '../../loops/reconcile-loop.ts';
import { isAhead } from '../../loops/is-ahead.ts';
import { failingNodes } from '../../scheduler/failing-nodes.ts';
import { refusalOf } from '../../scheduler/filters/all-filters.ts';
import { noPins } from '../../scheduler/pins-of.ts';
import { ChangeSet } from '../../store/change-set.ts';
import { subjectOf, type ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { outdatedForceCount, slotsOf } from '../../tasks/slots.ts';
import { isUp } from '../../tasks/task-fate.ts';
import { suitableNodes } from '../global/suitable-nodes.ts';
import { beginUpdate } from '../update/update-status.ts';
import { chooseMoved } from './choose-moved.ts';

/** A node has changed, which may matter to any of these services. */
const nodes = 'nodes';

/** A node that has just come may go again: it gets nothing by this loop for so long, which is twice the time after which a lost one is known to be. */
const settleMs = 15_000;

/** Keys are ids of services, or that one. */
export const rebalance: TimedReconciler<string> = { name: 'rebalance', concerns, everything, reconcile };

function concerns(change: ObjectChange): readonly string[] {
  const object = subjectOf(change);
  if (object.kind === 'node') return [nodes];
  if (object.kind === 'service') return isAuto(object) ? [object.id] : [];
  return object.kind === 'task' && object.spec.deploy.rebalance === 'auto' ? [object.serviceId] : [];
}

function everything(): readonly string[] {
  return [nodes];
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): Reconciliation<string> {
  const changes = new ChangeSet(view);
  const services = ids.has(nodes) ? view.all('service') : [...ids].flatMap((id) => view.get('service', id) ?? []);
  const lookAgainAt = new Map<string, number>();
  for (const service of services.filter(isAuto)) {
    const dueMs = moveOne(changes, view, service, now);
    if (dueMs !== null) lookAgainAt.set(service.id, dueMs);
  }
  return { changes: changes.changes, lookAgainAt };
}

/** What a file may not say (managers take specs from elsewhere, too) has no effect. */
function isAuto({ spec }: ServiceObject): boolean {
  return spec.deploy.rebalance === 'auto' && !isGlobal(spec) && !isJob(spec);
}

/** Begins an update of one container, which its update carries out; the next follows when that is over. Returns when a node that is new will count. */
function moveOne(changes: ChangeSet, view: StoreView, service: ServiceObject, now: string): number | null {
  const tasks = view.ofStack('task', service.stack).filter(({ serviceId }) => serviceId === service.id);
  if (!isAtRest(service, tasks)) return null;
  const suitable = suitableNodes(view, service.spec, new Set()).flatMap((id) => view.get('node', id) ?? []);
  const nowMs = Date.parse(now);
  const waits = suitable.map((node) => settledAt(node, nowMs)).filter((atMs) => atMs > nowMs);
  const settled = suitable.filter((node) => settledAt(node, nowMs) <= nowMs);
  const [sample] = tasks;
  const open = sample === undefined ? [] : settled.filter((node) => canTake(view, sample, node, now));
  const [task] = chooseMoved(
    tasks,
    service,
    open.map(({ id }) => id),
  );
  if (task === undefined) return waits.length === 0 ? null : Math.min(...waits);
  changes.put({ ...task, forceCount: outdatedForceCount });
  changes.put({ ...service, update: beginUpdate(service.spec.deploy.update ?? defaultUpdate, 1, now) });
  return null;
}

/** True when all its containers are there and up, and no update goes on or has failed. */
function isAtRest({ update, suspended, spec, ...service }: ServiceObject, tasks: readonly TaskObject[]): boolean {
  if (suspended || (update !== null && update.state !== 'completed' && update.state !== 'rollback_completed'))
    return false;
  const slots = slotsOf(tasks, service);
  const isWhole = slots.length === spec.replicas && slots.every((slot) => slot.outdated.length === 0);
  return (
    isWhole && slots.every(({ current: [task] }) => task?.desired === 'running' && task.gate === null && isUp(task))
  );
}

function settledAt({ stateSince }: NodeObject, nowMs: number): number {
  const sinceMs = Date.parse(stateSince);
  return isAhead(sinceMs, nowMs) ? nowMs : sinceMs + settleMs;
}

/** Else the container would come up where it was. */
function canTake(view: StoreView, task: TaskObject, node: NodeObject, now: string): boolean {
  if (failingNodes(view, task, Date.parse(now)).has(node.id)) return false;
  return refusalOf({ task, node, load: view.loadOf(node.id), pins: noPins }) === undefined;
}
