import type { LogFile } from './log-file.ts';
import { toRecordTime } from './log-time.ts';
import { seekTime } from './seek.ts';

/** Of the signal's time, which has no finer part; the next run takes longer than this to make. */
const precisionMs = 1;

/**
 * The end of the run that is followed. The next run writes to the same files, and a slow reader may come to its records before it
 * has noticed the end: what is later than the end is not the run's.
 */
export class RunEnd {
  readonly signal: AbortSignal;
  readonly #limits = new WeakMap<LogFile, number>();
  #bound: string | null = null;

  constructor(ended: AbortSignal) {
    this.signal = ended;
    if (ended.aborted) this.#note();
    else ended.addEventListener('abort', this.#note, { once: true });
  }

  /** Offset after the run's last record in a file; infinite while the run goes on. */
  async limitOf(file: LogFile): Promise<number> {
    if (this.#bound === null) return Infinity;
    const known = this.#limits.get(file);
    if (known !== undefined) return known;
    const limit = await seekTime(file, await file.size(), this.#bound);
    this.#limits.set(file, limit);
    return limit;
  }

  /** Nobody asks any more. */
  close(): void {
    this.signal.removeEventListener('abort', this.#note);
  }

  readonly #note = (): void => {
    this.#bound = toRecordTime(new Date(Date.now() + precisionMs).toISOString());
  };
}
