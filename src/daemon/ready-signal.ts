import { closeSync, writeSync } from 'node:fs';
import { TsstackError } from '../model/errors.ts';

/** Number of the descriptor on which whoever started the daemon waits for its word. */
const variable = 'TSSTACK_READY_FD';

/** Says, once, whether the daemon serves; nothing happens when nobody waits. */
export class ReadySignal {
  #descriptor: number | null;

  constructor(env: NodeJS.ProcessEnv) {
    const number = Number(env[variable]);
    this.#descriptor = Number.isInteger(number) && number > 2 ? number : null;
    // Not for the programs that the daemon starts.
    delete env[variable];
  }

  /** True while somebody waits for the word: the daemon was started by a command. */
  get isAwaited(): boolean {
    return this.#descriptor !== null;
  }

  ready(): void {
    this.#say({ ready: true });
  }

  failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const { code, hint } = error instanceof TsstackError ? error : { code: 'internal' };
    this.#say({ error: { code, message, hint } });
  }

  #say(word: object): void {
    if (this.#descriptor === null) return;
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    try {
      writeSync(descriptor, `${JSON.stringify(word)}\n`);
      closeSync(descriptor);
    } catch {
      // Whoever waited has gone; the daemon stays.
    }
  }
}
