import type { NodeObject } from '../../model/objects.ts';
import type { Store } from '../store/store.ts';

/** On its very first start a daemon answers a fraction of a second before its agent has said what the host is. */
const joinDeadlineMs = 6000;

/** This host's node (null: the only one), which may take a moment to appear; undefined when it does not in time. */
export async function awaitOwnNode(
  store: Store,
  id: string | null,
  deadlineMs = joinDeadlineMs,
): Promise<NodeObject | undefined> {
  const find = (): NodeObject | undefined => (id === null ? store.view.all('node')[0] : store.view.get('node', id));
  if (find() !== undefined) return find();
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = store.subscribe(() => {
    if (find() !== undefined) resolve();
  });
  const timer = setTimeout(resolve, deadlineMs);
  await promise;
  clearTimeout(timer);
  unsubscribe();
  return find();
}
