import { saveTaskRecord } from './task-record.ts';
import type { TaskRecord } from './task-record.ts';

/** Writes one task's record: always the newest one, one write at a time. */
export class RecordWriter {
  readonly #path: string;
  #newest: TaskRecord | null = null;
  #writing: Promise<void> | null = null;
  #isStopped = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when this record, or a newer one, is written. */
  write(record: TaskRecord): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#newest = record;
    this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  /** Nothing is written any more when the promise resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#writing?.catch(() => undefined);
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#newest !== null && !this.#isStopped) {
        const record = this.#newest;
        this.#newest = null;
        await saveTaskRecord(this.#path, record);
      }
    } finally {
      this.#writing = null;
    }
  }
}
