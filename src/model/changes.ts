/** Lets any number wait for something to become true. */
export class Changes {
  #next = Promise.withResolvers<void>();

  /** Something has changed: those who wait look again. */
  note(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /** Resolves to true when the condition holds, which is looked at after each change, and to false when the signal aborts before. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<boolean> {
    const aborted = Promise.withResolvers<void>();
    const onAbort = (): void => aborted.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!condition()) {
        if (signal.aborted) return false;
        await Promise.race([this.#next.promise, aborted.promise]);
      }
      return true;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
