/** Loop: allocator and scheduler in one transaction, so that a new task that is on no network is written once, with its node. */
import { allocate, allocator } from '../allocator/allocator.ts';
import type { Reconciliation, TimedReconciler } from '../loops/reconcile-loop.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import { schedule, scheduler } from './scheduler.ts';

type Key = 'addresses' | 'placement';

export const allocateAndSchedule: TimedReconciler<Key> = {
  name: 'allocator and scheduler',
  concerns: (change) => [...allocator.concerns(change), ...scheduler.concerns(change)],
  everything: (view) => [...allocator.everything(view), ...scheduler.everything(view)],
  reconcile,
};

function reconcile(view: StoreView, keys: ReadonlySet<Key>, now: string): Reconciliation<Key> {
  const changes = new ChangeSet(view);
  const due = new Map<Key, number>();
  const { placed, isMore } = keys.has('addresses') ? allocate(view, changes) : nothing;
  if (isMore) due.set('addresses', Date.parse(now));
  // The others have theirs after their services have addresses on the network: whoever is there first finds those as well.
  const ready = placed.filter(({ attachments }) => attachments.length === 0);
  const dueMs = schedule(view, changes, ready, now);
  if (dueMs !== null) due.set('placement', dueMs);
  return { changes: changes.changes, lookAgainAt: due };
}

const nothing: ReturnType<typeof allocate> = { placed: [], isMore: false };
