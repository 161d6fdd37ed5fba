import type { TaskStatus } from '../../../src/model/objects.ts';
import type { TaskStatusUpdate } from '../../../src/rpc/messages.ts';
import { describeError } from '../errors.ts';
import type { StatusSink } from '../tasks/task-host.ts';

/** Shortest time from one batch to the next, in ms: a lone status goes at once, those of a burst travel together. */
const batchMs = 10;
/** Pause after a batch could not be sent, in ms. */
const retryMs = 500;

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
  /** Who waits for the batch under way, and who for the next. */
  #waiters: { now: (() => void)[]; next: (() => void)[] } = { now: [], next: [] };
  #sentAtMs = -batchMs;
  readonly #log: (message: string) => void;

  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  status(taskId: string, status: TaskStatus): void {
    // After `removed` there is no status to tell.
    if (this.#pending.get(taskId)?.removed === true) return;
    this.#add({ taskId, status: JSON.stringify(status), removed: false });
  }

  removed(taskId: string): void {
    this.#add({ taskId, status: this.#pending.get(taskId)?.status ?? '', removed: true });
  }

  /** Resolves when what there is to send has been sent, or cannot be sent now. */
  flushed(): Promise<void> {
    const isIdle = this.#send === null || (!this.#isSending && this.#pending.size === 0);
    if (isIdle) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters[this.#pending.size > 0 ? 'next' : 'now'].push(resolve);
    return promise;
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
    for (const resolve of [...this.#waiters.now.splice(0), ...this.#waiters.next.splice(0)]) resolve();
  }

  #add(update: TaskStatusUpdate): void {
    this.#pending.set(update.taskId, update);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#send === null || this.#isSending || this.#timer !== null || this.#pending.size === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        void this.#flush();
      },
      Math.max(0, this.#sentAtMs + batchMs - performance.now()),
    );
  }

  async #flush(): Promise<void> {
    const send = this.#send;
    if (send === null || this.#isSending) return;
    const batch = [...this.#pending.values()];
    this.#pending.clear();
    this.#isSending = true;
    this.#waiters = { now: [...this.#waiters.now, ...this.#waiters.next], next: [] };
    try {
      await send(batch);
    } catch (error) {
      this.#onFailure(batch, error);
      // Until the session ends, which the failure most likely tells of, or the next attempt.
      await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
    } finally {
      this.#isSending = false;
      for (const resolve of this.#waiters.now.splice(0)) resolve();
      this.#sentAtMs = performance.now();
      this.#schedule();
    }
  }

  #onFailure(batch: readonly TaskStatusUpdate[], error: unknown): void {
    const { code, message } = describeError(error);
    if (code === 'invalid' || code === 'permission') {
      // Sent again it would be refused again, and everything behind it with it.
      this.#log(`the manager refused a report on ${batch.length} tasks: ${message}`);
      return;
    }
    // Newer statuses of the same tasks win over those that come back here.
    for (const update of batch) if (!this.#pending.has(update.taskId)) this.#pending.set(update.taskId, update);
  }
}
