import type { Committed, Store } from '../../src/manager/store/store.ts';
import type { StoreView } from '../../src/manager/store/object-index.ts';

/** Waits until the store shows what the condition asks for; fails after the deadline. */
export async function untilStore(
  store: Store,
  condition: (view: StoreView) => boolean,
  deadlineMs = 60_000,
): Promise<void> {
  const reached = Promise.withResolvers<void>();
  const look = (): void => {
    if (condition(store.view)) reached.resolve();
  };
  const unsubscribe = store.subscribe(look);
  const timer = setTimeout(() => reached.reject(new Error('the store did not get there in time')), deadlineMs);
  look();
  try {
    await reached.promise;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}

/** What the store tells from now on, in ids: `+id` written, `-id` deleted, one list for each commit. */
export function recordCommits(store: Store): string[][] {
  const commits: string[][] = [];
  store.subscribe(({ changes }: Committed) => {
    commits.push(changes.map(({ before, after }) => (after === null ? `-${before?.id ?? ''}` : `+${after.id}`)));
  });
  return commits;
}
