/** Loop: gives new networks a subnet and new tasks their addresses. */
import { placesAtOnce, type Reconciliation, type TimedReconciler } from '../loops/reconcile-loop.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { TaskObject } from '../../model/objects.ts';
import { subjectOf, type ObjectChange } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import { AddressBook } from './address-book.ts';
import { allocateSubnets } from './allocate-subnets.ts';
import { allocateTask } from './allocate-task.ts';

/** Pools are shared by all stacks, so there is one key for everything. */
type Key = 'addresses';

export const allocator: TimedReconciler<Key> = {
  name: 'allocator',
  concerns,
  everything: () => ['addresses'],
  reconcile,
};

/** New things want addresses, vanished ones free them, and a node brings the routes that pools have to avoid. */
function concerns({ before, after }: ObjectChange): readonly Key[] {
  const object = subjectOf({ before, after });
  const isNewOrGone = before === null || after === null;
  const isNews = object.kind === 'node' || (isNewOrGone && (object.kind === 'task' || object.kind === 'network'));
  return isNews ? ['addresses'] : [];
}

function reconcile(view: StoreView, _keys: ReadonlySet<Key>, now: string): Reconciliation<Key> {
  const changes = new ChangeSet(view);
  const { isMore } = allocate(view, changes);
  return { changes: changes.changes, lookAgainAt: new Map(isMore ? [['addresses', Date.parse(now)]] : []) };
}

/** Gives out what there is to give, to so many tasks at once as one pass takes; `placed` are those that can have a node now. */
export function allocate(
  view: StoreView,
  changes: ChangeSet,
): { readonly placed: readonly TaskObject[]; readonly isMore: boolean } {
  allocateSubnets(view, changes);
  const waiting = view.waitingTasks('new');
  const placed: TaskObject[] = [];
  if (waiting.length === 0) return { placed, isMore: false };
  const allocation = { view, changes, addresses: new AddressBook(view.all('task')) };
  for (const { id } of waiting) {
    if (placed.length === placesAtOnce) return { placed, isMore: true };
    const task = changes.get('task', id);
    if (task === undefined) continue;
    allocateTask(task, allocation);
    const after = changes.get('task', id);
    if (after?.status.state === 'pending') placed.push(after);
  }
  return { placed, isMore: false };
}
