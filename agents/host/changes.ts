import { abortable } from './abortable.ts';

/** Lets any number wait for something to become true. */
export class Changes {
  #next = Promise.withResolvers<void>();

  /** Something has changed: those who wait look again. */
  note(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /** Resolves to true when the condition holds, and to false when the signal aborts before. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<boolean> {
    while (!condition()) {
      if (signal.aborted) return false;
      await abortable(this.#next.promise, signal).catch(() => undefined);
    }
    return true;
  }
}
