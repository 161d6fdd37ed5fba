/** Loop: gives new networks a subnet and new tasks their addresses. */
import type { Reconciler } from '../loops/reconcile-loop.ts';
import { ChangeSet } from '../store/change-set.ts';
import { subjectOf, type Change, type ObjectChange } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import { AddressBook } from './address-book.ts';
import { allocateSubnets } from './allocate-subnets.ts';
import { allocateTask } from './allocate-task.ts';

/** Pools are shared by all stacks, so there is one key for everything. */
type Key = 'addresses';

export const allocator: Reconciler<Key> = { name: 'allocator', concerns, everything: () => ['addresses'], reconcile };

/** New things want addresses, vanished ones free them, and a node brings the routes that pools have to avoid. */
function concerns({ before, after }: ObjectChange): readonly Key[] {
  const object = subjectOf({ before, after });
  const isNewOrGone = before === null || after === null;
  const isNews = object.kind === 'node' || (isNewOrGone && (object.kind === 'task' || object.kind === 'network'));
  return isNews ? ['addresses'] : [];
}

function reconcile(view: StoreView): readonly Change[] {
  const changes = new ChangeSet(view);
  allocateSubnets(view, changes);
  const tasks = view.all('task');
  const waiting = tasks.filter(({ status }) => status.state === 'new');
  if (waiting.length === 0) return changes.changes;
  const allocation = { view, changes, addresses: new AddressBook(tasks) };
  for (const task of waiting) allocateTask(task, allocation);
  return changes.changes;
}
