/** Loop: moves tasks away from nodes that are drained, or that do not suit them any more. A paused node keeps what it has. */
import { isJob } from '../../../model/deploy-spec.ts';
import type { NodeObject, ServiceObject, TaskObject } from '../../../model/objects.ts';
import type { Reconciler } from '../../loops/reconcile-loop.ts';
import { openGates } from '../../stacks/execute-plan.ts';
import { ChangeSet } from '../../store/change-set.ts';
import type { Change, ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { moveTasks } from '../../tasks/move-tasks.ts';
import { wantRemoved } from '../../tasks/task-intents.ts';
import { isMovedByUpdate } from '../update/create-first.ts';
import { beginUpdate, isUnderWay, moveConfig } from '../update/update-status.ts';
import { misplacedTasks } from './misplaced-tasks.ts';
import { outdatedForceCount } from '../../tasks/slots.ts';

/** Keys are ids of nodes. */
export const constraintEnforcer: Reconciler<string> = { name: 'constraint-enforcer', concerns, everything, reconcile };

/** What is said of nodes. Tasks that come to one were placed by what is said of it by then: plans are carried out on the state that they were made from. */
function concerns({ after }: ObjectChange): readonly string[] {
  return after?.kind === 'node' ? [after.id] : [];
}

function everything(view: StoreView): readonly string[] {
  return view.all('node').map(({ id }) => id);
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): readonly Change[] {
  const changes = new ChangeSet(view);
  for (const id of ids) {
    const node = view.get('node', id);
    if (node?.state === 'ready' && node.availability !== 'pause') clear(changes, view, node, now);
  }
  return changes.changes;
}

function clear(changes: ChangeSet, view: StoreView, node: NodeObject, now: string): void {
  for (const [reason, tasks] of misplacedTasks(view, node)) {
    const byService = Map.groupBy(tasks, ({ serviceId }) => serviceId);
    const atOnce = [...byService].flatMap(([serviceId, own]) => {
      const service = changes.get('service', serviceId);
      return service === undefined ? own : moveByUpdate(changes, service, own, now);
    });
    moveTasks(changes, atOnce, { reasonOf: () => reason, now, leave: removed });
    for (const stack of new Set(atOnce.map(({ stack }) => stack))) openGates(changes, stack);
  }
}

function removed(task: TaskObject): TaskObject {
  return wantRemoved(task, { removeVolumes: false, stopGraceMs: null });
}

/** Containers move as their service is updated, slot by slot. Returns those that cannot: an update was halted, or it is not for updates at all. */
function moveByUpdate(
  changes: ChangeSet,
  service: ServiceObject,
  tasks: readonly TaskObject[],
  now: string,
): readonly TaskObject[] {
  const current = service.update;
  if (current?.state === 'paused' || current?.state === 'rollback_paused' || isJob(service.spec)) return tasks;
  const unmarked = tasks.filter(({ forceCount }) => forceCount !== outdatedForceCount);
  const fresh = unmarked.filter((task) => isMovedByUpdate(task, service, changes));
  const others = unmarked.filter((task) => !fresh.includes(task));
  for (const task of fresh) changes.put({ ...task, forceCount: outdatedForceCount });
  if (fresh.length === 0) return others;
  const status = isUnderWay(current)
    ? { ...current, total: current.total + fresh.length }
    : beginUpdate(moveConfig(service.spec), fresh.length, now);
  changes.put({ ...service, update: status });
  return others;
}
