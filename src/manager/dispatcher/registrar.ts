import type { Store } from '../store/store.ts';
import { registerNodes, type Registration } from './register-node.ts';

/** A registration whose caller waits. */
interface Waiting {
  readonly registration: Registration;
  readonly done: PromiseWithResolvers<void>;
}

/** Gathers registrations: agents come back together, after a start of the manager or a cut, and each transaction waits for the disk. */
export class Registrar {
  readonly #store: Pick<Store, 'update'>;
  #waiting: Waiting[] = [];

  constructor(store: Pick<Store, 'update'>) {
    this.#store = store;
  }

  /** Resolves when the node is stored as ready; rejects when it may not register. */
  register(registration: Registration): Promise<void> {
    const done = Promise.withResolvers<void>();
    // What has come in one turn is taken together; while that is written, more comes.
    if (this.#waiting.length === 0) setImmediate(() => void this.#take());
    this.#waiting.push({ registration, done });
    return done.promise;
  }

  async #take(): Promise<void> {
    const taken = this.#waiting;
    this.#waiting = [];
    try {
      const now = new Date().toISOString();
      const registrations = taken.map(({ registration }) => registration);
      const outcomes = await this.#store.update((view) => registerNodes(view, registrations, now));
      for (const [index, failure] of outcomes.entries()) settle(taken[index], failure);
    } catch (error) {
      for (const { done } of taken) done.reject(error);
    }
  }
}

function settle(waiting: Waiting | undefined, failure: Error | null): void {
  if (failure === null) waiting?.done.resolve();
  else waiting?.done.reject(failure);
}
