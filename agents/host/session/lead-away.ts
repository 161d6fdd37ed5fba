import { Changes } from '../../../src/model/changes.ts';

/** Asks a manager; resolves to the names of hosts that have not followed in time. */
type AskManager = (taskId: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Has all hosts lead nobody to a container any more, by way of whatever manager there is a session with. */
export class LeadAway {
  readonly #changes = new Changes();
  #ask: AskManager | null = null;

  /** A session began. */
  attach(ask: AskManager): void {
    this.#ask = ask;
    this.#changes.note();
  }

  /** The session is over. */
  detach(): void {
    this.#ask = null;
  }

  /** Resolves to the names of hosts that may still lead others to it; rejects when the signal aborts before a manager has said anything. */
  async from(taskId: string, signal: AbortSignal): Promise<readonly string[]> {
    let failed: AskManager | null = null;
    for (;;) {
      await this.#changes.until(() => this.#ask !== null && this.#ask !== failed, signal);
      signal.throwIfAborted();
      const ask = this.#ask;
      if (ask === null) continue;
      try {
        return await ask(taskId, signal);
      } catch {
        // Its session is over, or about to be: the next one is asked again.
        failed = ask;
      }
    }
  }
}
