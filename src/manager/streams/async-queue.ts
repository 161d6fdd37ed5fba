/**
 * Values handed from callbacks to one `for await` loop.
 * - Iterate it once.
 * - It does not bound itself: whoever pushes without end passes `merge`, which shortens a backlog that the reader does not keep up with.
 */
export class AsyncQueue<Value> implements AsyncIterable<Value> {
  #values: Value[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  readonly #merge: ((values: Value[]) => Value[]) | undefined;

  constructor(merge?: (values: Value[]) => Value[]) {
    this.#merge = merge;
  }

  /** Adds a value; after the end it is dropped. */
  push(value: Value): void {
    if (this.#end !== undefined) return;
    this.#values.push(value);
    if (this.#merge !== undefined) this.#values = this.#merge(this.#values);
    this.#wake?.();
  }

  /** Ends the iteration when everything has been read. */
  end(): void {
    this.#end ??= { error: undefined };
    this.#wake?.();
  }

  /** Makes the iteration throw at once. */
  fail(error: Error): void {
    this.#end ??= { error };
    this.#values = [];
    this.#wake?.();
  }

  /** Ends it when the signal is aborted. */
  follow(signal: AbortSignal): this {
    if (signal.aborted) this.end();
    else signal.addEventListener('abort', () => this.end(), { once: true });
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Value> {
    for (;;) {
      const value = this.#values.shift();
      if (value !== undefined) yield value;
      else if (this.#end !== undefined) return this.#finish();
      else await this.#change();
    }
  }

  #finish(): void {
    if (this.#end?.error !== undefined) throw this.#end.error;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
