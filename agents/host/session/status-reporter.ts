import type { TaskStatus } from '../../../src/model/objects.ts';
import type { TaskStatusUpdate } from '../../../src/rpc/messages.ts';
import type { StatusSink } from '../tasks/task-host.ts';

/** Statuses that come within this time, in ms, travel together: short beside what people notice, long beside a burst of starts. */
const batchMs = 10;

/** Sends updates to the manager of the session. */
export type SendUpdates = (updates: readonly TaskStatusUpdate[]) => Promise<void>;

/**
 * Collects statuses and sends them in batches, the newest of each task, one batch at a time. What could not be sent is kept for
 * the next session.
 */
export class StatusReporter implements StatusSink {
  readonly #pending = new Map<string, TaskStatusUpdate>();
  #send: SendUpdates | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isSending = false;

  status(taskId: string, status: TaskStatus): void {
    // After `removed` there is no status to tell.
    if (this.#pending.get(taskId)?.removed === true) return;
    this.#add({ taskId, status: JSON.stringify(status), removed: false });
  }

  removed(taskId: string): void {
    this.#add({ taskId, status: this.#pending.get(taskId)?.status ?? '', removed: true });
  }

  /** A session began: sends through it from now on. */
  attach(send: SendUpdates): void {
    this.#send = send;
    this.#schedule();
  }

  /** The session is over. */
  detach(): void {
    this.#send = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #add(update: TaskStatusUpdate): void {
    this.#pending.set(update.taskId, update);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#send === null || this.#isSending || this.#timer !== null || this.#pending.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#flush();
    }, batchMs);
  }

  async #flush(): Promise<void> {
    const send = this.#send;
    if (send === null || this.#isSending) return;
    const batch = [...this.#pending.values()];
    this.#pending.clear();
    this.#isSending = true;
    try {
      await send(batch);
    } catch {
      // The session sees the failure too and ends. Newer statuses of the same tasks win over those that come back here.
      for (const update of batch) if (!this.#pending.has(update.taskId)) this.#pending.set(update.taskId, update);
      if (this.#send === send) this.#send = null;
    } finally {
      this.#isSending = false;
      this.#schedule();
    }
  }
}
