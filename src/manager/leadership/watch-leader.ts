import { Changes } from '../../model/changes.ts';
import { StoreUnavailableError } from '../store/errors.ts';
import type { Store } from '../store/store.ts';
import type { Leadership } from './leadership.ts';

/**
 * The address of the manager that leads (empty while none does), at once and whenever another one does, until the signal aborts. Throws while this
 * manager cannot know it.
 */
export async function* watchLeader(
  leadership: Leadership,
  store: Pick<Store, 'staleness'>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const changes = new Changes();
  const unsubscribe = leadership.subscribe(() => changes.note());
  const current = (): string => leadership.leader?.address ?? '';
  try {
    for (let told: string | null = null; !signal.aborted;) {
      if (store.staleness !== null) throw new StoreUnavailableError(`say who leads: ${store.staleness.reason}`);
      if (told !== current()) yield (told = current());
      await changes.until(() => told !== current() || store.staleness !== null, signal);
    }
  } finally {
    unsubscribe();
  }
}
