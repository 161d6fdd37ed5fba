import { setTimeout as delay } from 'node:timers/promises';

/** Pause after a store that could not be written at the beginning of a term, in ms. */
const pauseMs = 500;

/** What acts only while this manager leads. */
export interface TermParts {
  /** Sessions of agents: `start` before the first one, `rest` ends them all. */
  readonly dispatcher: { start(): Promise<void>; rest(): void };
  /** Made for this term: each looks at everything when it begins to run. */
  readonly loops: readonly { run(): void; stop(): Promise<void> }[];
}

/** One stretch of time in which this manager leads. */
export class LeaderTerm {
  readonly #parts: TermParts;
  readonly #over = new AbortController();
  #begun: Promise<void> | undefined;

  constructor(parts: TermParts) {
    this.#parts = parts;
  }

  /** Resolves when agents may come and the loops run. */
  begin(): Promise<void> {
    return (this.#begun ??= this.#begin());
  }

  /** As begin, but a store that cannot be written yet is tried again until the term is over; `onError` is told. */
  async beginInTheEnd(onError: (error: unknown) => void): Promise<void> {
    const { signal } = this.#over;
    this.#begun = (async () => {
      while (!signal.aborted) {
        try {
          return await this.#begin();
        } catch (error) {
          if (!signal.aborted) onError(error);
          await delay(pauseMs, undefined, { signal }).catch(() => undefined);
        }
      }
    })();
    await this.#begun;
  }

  /** Ends it at once; resolves when nothing is under way any more. */
  async end(): Promise<void> {
    this.#over.abort();
    this.#parts.dispatcher.rest();
    await Promise.all(this.#parts.loops.map((loop) => loop.stop()));
  }

  async #begin(): Promise<void> {
    await this.#parts.dispatcher.start();
    if (!this.#over.signal.aborted) for (const loop of this.#parts.loops) loop.run();
  }
}
