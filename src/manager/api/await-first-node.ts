import type { NodeObject } from '../../model/objects.ts';
import type { Store } from '../store/store.ts';

/** On its very first start a daemon answers a fraction of a second before its agent has said what the host is. */
const joinDeadlineMs = 6000;

/** The first node of the store, which may take a moment to appear; undefined when none does in time. */
export async function awaitFirstNode(store: Store, deadlineMs = joinDeadlineMs): Promise<NodeObject | undefined> {
  const first = (): NodeObject | undefined => store.view.all('node')[0];
  if (first() !== undefined) return first();
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = store.subscribe(() => {
    if (first() !== undefined) resolve();
  });
  const timer = setTimeout(resolve, deadlineMs);
  await promise;
  clearTimeout(timer);
  unsubscribe();
  return first();
}
