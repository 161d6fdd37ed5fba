/** Remembers that something happened until somebody waits for it: a wake between two waits is not lost, several are one. */
export class Wake {
  #isAwake = false;
  #waiting: (() => void) | null = null;

  wake(): void {
    this.#isAwake = true;
    this.#waiting?.();
  }

  /** Resolves at the next wake, at once when there was one since the last wait, or when one of the signals aborts. One waiter at a time. */
  async wait(...signals: readonly AbortSignal[]): Promise<void> {
    if (!this.#isAwake && !signals.some((signal) => signal.aborted)) {
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          this.#waiting = null;
          for (const signal of signals) signal.removeEventListener('abort', finish);
          resolve();
        };
        this.#waiting = finish;
        for (const signal of signals) signal.addEventListener('abort', finish);
      });
    }
    this.#isAwake = false;
  }
}
