/** Wakes whoever waits for something to become true. */
export class Progress {
  #next = Promise.withResolvers<void>();

  /** Something has changed. */
  note(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /** Resolves with true when the condition holds, which is looked at after each change, and with false when the signal is aborted before. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<boolean> {
    const aborted = Promise.withResolvers<void>();
    const onAbort = (): void => aborted.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        if (condition()) return true;
        await Promise.race([this.#next.promise, aborted.promise]);
      }
      return false;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
