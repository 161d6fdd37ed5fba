import type { Store } from '../store/store.ts';
import { applyReports, type StatusReport } from './apply-status.ts';

/** A report waits at most this long for others to share its transaction; the first after a quiet time does not wait. */
const batchWindowMs = 20;

/** While transactions take long, no more than about half of the time is theirs; what follows one waits no longer than this. */
const longestPauseMs = 300;

/** Gathers reports of all agents into few transactions. */
export class StatusBatcher {
  readonly #store: Store;
  #pending: StatusReport[] = [];
  #flush: Promise<void> | undefined;
  #lastFlush = -Infinity;
  #windowMs = batchWindowMs;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Resolves when the reports are stored. */
  report(reports: readonly StatusReport[]): Promise<void> {
    this.#pending.push(...reports);
    return (this.#flush ??= this.#flushSoon());
  }

  async #flushSoon(): Promise<void> {
    const waitMs = this.#lastFlush + this.#windowMs - performance.now();
    // Not at once in any case: reports of the same turn belong together.
    await (waitMs > 0 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : Promise.resolve());
    const reports = this.#pending;
    this.#pending = [];
    this.#flush = undefined;
    const started = (this.#lastFlush = performance.now());
    // A container's end and its removal are told apart, so that watchers and events see both.
    await this.#write(reports.map((report) => ({ ...report, removed: false })));
    await this.#write(reports.filter(({ removed }) => removed));
    const tookMs = performance.now() - started;
    this.#windowMs = Math.max(batchWindowMs, tookMs + Math.min(tookMs, longestPauseMs));
  }

  #write(reports: readonly StatusReport[]): Promise<void> {
    // Agents say everything again in a new session, so that nobody has to wait for the disk.
    return this.#store.update((view) => ({ changes: applyReports(view, reports), result: undefined }), 'later');
  }
}
