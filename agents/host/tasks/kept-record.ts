import { saveTaskRecord } from './task-record.ts';
import type { TaskRecord } from './task-record.ts';

/** One task's record, in memory and on the disk, which gets always the newest one, one write at a time. */
export class KeptRecord {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  #current: TaskRecord;
  #isWritten = true;
  #writing: Promise<void> | null = null;
  #isStopped = false;

  constructor(path: string, record: TaskRecord, onFailure: (error: unknown) => void) {
    this.#path = path;
    this.#current = record;
    this.#onFailure = onFailure;
  }

  get current(): TaskRecord {
    return this.#current;
  }

  /** Changes it at once; resolves when that, or something newer, is on the disk. */
  change(change: Partial<TaskRecord>): Promise<void> {
    this.#current = { ...this.#current, ...change };
    // Before the container has been prepared there is nothing to remember: the manager assigns the task again.
    if (this.#current.prepared === null || this.#isStopped) return Promise.resolve();
    this.#isWritten = false;
    this.#writing ??= this.#write();
    this.#writing.catch(this.#onFailure);
    return this.#writing;
  }

  /** Nothing is written any more when the promise resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#writing?.catch(() => undefined);
  }

  async #write(): Promise<void> {
    try {
      while (!this.#isWritten && !this.#isStopped) {
        this.#isWritten = true;
        await saveTaskRecord(this.#path, this.#current);
      }
    } finally {
      this.#writing = null;
    }
  }
}
