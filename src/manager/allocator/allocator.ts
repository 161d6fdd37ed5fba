/** Loop: gives new networks a subnet and new tasks their addresses. */
import { placesAtOnce, type Reconciliation, type TimedReconciler } from '../loops/reconcile-loop.ts';
import { ChangeSet } from '../store/change-set.ts';
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
  allocateSubnets(view, changes);
  const waiting = view.waitingTasks('new');
  const nothingLeft = { changes: changes.changes, lookAgainAt: new Map<Key, number>() };
  if (waiting.length === 0) return nothingLeft;
  const allocation = { view, changes, addresses: new AddressBook(view.all('task')) };
  let places = 0;
  for (const task of waiting) {
    if (places === placesAtOnce)
      return { changes: changes.changes, lookAgainAt: new Map([['addresses', Date.parse(now)]]) };
    allocateTask(task, allocation);
    if (changes.get('task', task.id)?.status.state === 'pending') places += 1;
  }
  return { ...nothingLeft, changes: changes.changes };
}
