import { DueTimes } from './due-times.ts';
import type { Change, ObjectChange } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Committed, Store } from '../store/store.ts';

/** What one loop does. Both functions are pure: they look and answer. */
export interface Reconciler<Key> {
  readonly name: string;
  /** What a change may concern (a stack, a node, …); nothing = the change does not matter to this loop. */
  concerns(change: ObjectChange): readonly Key[];
  /** Everything that may need attention when the manager starts. */
  everything(view: StoreView): readonly Key[];
  /** Writes that bring the state closer to what is wanted; none when it is there. `now` is in RFC 3339. */
  reconcile(view: StoreView, keys: ReadonlySet<Key>, now: string): readonly Change[];
}

/** A loop for which some things become due by time alone. */
export interface TimedReconciler<Key> extends Omit<Reconciler<Key>, 'reconcile'> {
  reconcile(view: StoreView, keys: ReadonlySet<Key>, now: string): Reconciliation<Key>;
}

/** Writes, and when time alone will make something due. */
export interface Reconciliation<Key> {
  readonly changes: readonly Change[];
  /** Keys that are looked at again at that time (ms since the epoch) even if nothing changes; one that is not named has no such time. */
  readonly lookAgainAt: ReadonlyMap<Key, number>;
}

/**
 * So many tasks at most get their addresses, or their nodes, in one transaction: about a third of a second of work, after which heartbeats are heard
 * and the agents of these tasks can begin. Who has more to do names the present as the time to look again.
 */
export const placesAtOnce = 5000;

/** A pass that took this long is followed by a pause as long as itself, at most that long: changes gather, and agents are heard. */
const longPassMs = 20;
const longestPauseMs = 200;

/** After a commit of so many changes, calls are answered before the next pass: each of the loops may take seconds for it. */
const manyChanges = 1000;

const firstBackoffMs = 100;
const maxBackoffMs = 10_000;

/**
 * Runs a reconciler whenever something that concerns it has been committed, in one transaction for all that has gathered.
 * - Never wait for a time instead of a change (but after a long pass, so that work of the same kind is done together); a time that the state itself names (the end of a delay) is looked at when it comes.
 * - Never keep state here that the store has not: after a crash `everything` must be enough to go on.
 */
export class ReconcileLoop<Key> {
  readonly #store: Store;
  readonly #reconciler: Reconciler<Key> | TimedReconciler<Key>;
  readonly #onError: (error: unknown) => void;
  readonly #dirty = new Set<Key>();
  #unsubscribe: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  /** Keys of failed passes, which the timer takes up again. */
  readonly #failed = new Set<Key>();
  /** When keys are to be looked at again; follows from the stored state. */
  readonly #due = new DueTimes<Key>();
  #timer: NodeJS.Timeout | undefined;
  #isMuch = false;
  #isStopped = false;

  constructor(store: Store, reconciler: Reconciler<Key> | TimedReconciler<Key>, onError: (error: unknown) => void) {
    this.#store = store;
    this.#reconciler = reconciler;
    this.#onError = onError;
  }

  /** Subscribes first and looks at everything then, so that nothing is missed between. */
  run(): void {
    this.#unsubscribe = this.#store.subscribe((committed) => this.#note(committed));
    this.#mark(this.#reconciler.everything(this.#store.view));
  }

  /** Idempotent; resolves when the pass under way is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unsubscribe();
    clearTimeout(this.#retry);
    clearTimeout(this.#timer);
    await this.#running;
  }

  #note({ changes }: Committed): void {
    this.#isMuch ||= changes.length >= manyChanges;
    for (const change of changes) this.#mark(this.#reconciler.concerns(change));
  }

  #mark(keys: readonly Key[]): void {
    for (const key of keys) this.#dirty.add(key);
    if (this.#dirty.size > 0 && !this.#isStopped) this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // Not within the commit that woke this loop: its other listeners come first.
    await Promise.resolve();
    while (this.#dirty.size > 0 && !this.#isStopped) {
      if (this.#isMuch) await new Promise((resolve) => setImmediate(resolve));
      this.#isMuch = false;
      const started = performance.now();
      await this.#tick();
      await pauseAfter(performance.now() - started);
    }
    this.#running = undefined;
  }

  async #tick(): Promise<void> {
    const keys = new Set(this.#dirty);
    this.#dirty.clear();
    try {
      const due = await this.#store.update((view) => {
        const answer = this.#reconciler.reconcile(view, keys, new Date().toISOString());
        return 'changes' in answer
          ? { changes: answer.changes, result: answer.lookAgainAt }
          : { changes: answer, result: new Map<Key, number>() };
      });
      this.#failures = 0;
      this.#lookAgain(keys, due);
    } catch (error) {
      this.#onError(error);
      this.#retryLater(keys);
    }
  }

  #lookAgain(keys: ReadonlySet<Key>, due: ReadonlyMap<Key, number>): void {
    for (const key of keys) this.#due.delete(key);
    for (const [key, atMs] of due) this.#due.set(key, atMs);
    this.#setTimer();
  }

  /** One timer, for the earliest. */
  #setTimer(): void {
    clearTimeout(this.#timer);
    const { waitMs } = this.#due;
    if (waitMs !== null && !this.#isStopped) this.#timer = setTimeout(() => this.#takeUpDue(), waitMs);
  }

  #takeUpDue(): void {
    const keys = this.#due.take();
    this.#setTimer();
    this.#mark(keys);
  }

  /** The store could not be written (a full disk, say): the same keys are looked at again later, or with the next change. */
  #retryLater(keys: ReadonlySet<Key>): void {
    for (const key of keys) this.#failed.add(key);
    if (this.#isStopped) return;
    clearTimeout(this.#retry);
    const backoffMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** this.#failures++);
    this.#retry = setTimeout(() => this.#takeUpFailed(), backoffMs * (0.5 + Math.random() / 2));
  }

  #takeUpFailed(): void {
    const keys = [...this.#failed];
    this.#failed.clear();
    this.#mark(keys);
  }
}

async function pauseAfter(passMs: number): Promise<void> {
  if (passMs < longPassMs) return;
  await new Promise((resolve) => setTimeout(resolve, Math.min(passMs, longestPauseMs)));
}
