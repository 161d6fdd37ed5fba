import { abortable } from '../abortable.ts';

interface Shared<T, E> {
  readonly promise: Promise<T>;
  readonly over: AbortController;
  readonly listeners: Set<(event: E) => void>;
  waiting: number;
}

/**
 * Work that several callers want at the same time is done once.
 *
 * - A caller whose signal aborts leaves; the work goes on while anybody waits for it and is aborted when nobody does. The last
 *   one leaves when the work has ended, so that nothing of it is going on any more, and passes its reason on.
 * - Every caller hears the events from when it joined.
 * - Nothing is remembered: a call after the end starts again.
 */
export class SharedOperations<T, E> {
  readonly #running = new Map<string, Shared<T, E>>();

  async run(
    key: string,
    options: { readonly signal: AbortSignal | undefined; readonly listener: ((event: E) => void) | undefined },
    work: (signal: AbortSignal, report: (event: E) => void) => Promise<T>,
  ): Promise<T> {
    options.signal?.throwIfAborted();
    const shared = this.#join(key, work);
    if (options.listener !== undefined) shared.listeners.add(options.listener);
    shared.waiting += 1;
    try {
      return await (options.signal === undefined ? shared.promise : abortable(shared.promise, options.signal));
    } finally {
      shared.waiting -= 1;
      if (options.listener !== undefined) shared.listeners.delete(options.listener);
      if (shared.waiting === 0) {
        shared.over.abort(options.signal?.reason);
        await shared.promise.catch(() => undefined);
      }
    }
  }

  #join(key: string, work: (signal: AbortSignal, report: (event: E) => void) => Promise<T>): Shared<T, E> {
    const running = this.#running.get(key);
    // One that everybody has left is ending: a new caller must not get its abort.
    if (running !== undefined && !running.over.signal.aborted) return running;
    const over = new AbortController();
    const listeners = new Set<(event: E) => void>();
    const report = (event: E): void => {
      for (const listener of listeners) listener(event);
    };
    const before = running?.promise.catch(() => undefined) ?? Promise.resolve();
    const promise = before.then(() => work(over.signal, report));
    const shared: Shared<T, E> = { promise, over, listeners, waiting: 0 };
    this.#running.set(key, shared);
    const forget = (): void => {
      if (this.#running.get(key) === shared) this.#running.delete(key);
    };
    promise.then(forget, forget);
    return shared;
  }
}
