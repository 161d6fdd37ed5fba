/** Uses of one thing wait for each other; those of others do not. */
export class Exclusive {
  readonly #busy = new Map<string, Promise<unknown>>();

  /** Runs when all earlier uses of that name have ended, well or not. Never use a name within its own use. */
  run<T>(name: string, use: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(name) ?? Promise.resolve();
    const result = before.then(use, use);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#busy.set(name, settled);
    void settled.then(() => {
      if (this.#busy.get(name) === settled) this.#busy.delete(name);
    });
    return result;
  }
}
