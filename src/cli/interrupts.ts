import type { CommandIo } from './command-line/io.ts';

/** Exit code of a command that was interrupted. */
export const interruptedExitCode = 130;

/** Ctrl-C and its relatives: the first asks to end well, the second to end now. While it is open the signals have no other effect. */
export class Interrupts {
  readonly #first = new AbortController();
  readonly #second = new AbortController();
  readonly #release: readonly (() => void)[];

  constructor(io: Pick<CommandIo, 'onSignal'>) {
    const onSignal = (): void => (this.#first.signal.aborted ? this.#second : this.#first).abort();
    this.#release = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => io.onSignal(name, onSignal));
  }

  get first(): AbortSignal {
    return this.#first.signal;
  }

  get second(): AbortSignal {
    return this.#second.signal;
  }

  close(): void {
    for (const release of this.#release) release();
  }
}
