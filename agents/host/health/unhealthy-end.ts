/**
 * Ends containers that have failed by their health: by deploy.restart_policy that is a failure, whatever the exit code would be, and the shim
 * restarts the container, or not. Ends each run once.
 */
export class UnhealthyEnd {
  readonly #kill: () => Promise<void>;
  /** Begin of the run that was ended. */
  #run: string | null = null;

  constructor(kill: () => Promise<void>) {
    this.#kill = kill;
  }

  /** Of the run that began then; null = none has. When it fails, the next probe may try again. */
  async end(startedAt: string | null): Promise<void> {
    if (startedAt === this.#run) return;
    this.#run = startedAt;
    try {
      await this.#kill();
    } catch (error) {
      this.#run = null;
      throw error;
    }
  }
}
