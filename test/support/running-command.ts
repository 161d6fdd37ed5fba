import { once } from 'node:events';
import { until, type TestHost } from './test-host.ts';

/** Longest time that a command is given to end. */
const endMs = 60_000;

/** A command that goes on while the test looks and does other things. */
export class RunningCommand {
  readonly #child;
  readonly #closed: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(host: TestHost, args: readonly string[]) {
    this.#child = host.spawn(args);
    // From the beginning: it may end before anybody waits for that.
    this.#closed = once(this.#child, 'close');
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Resolves when it has printed a text, on either stream. */
  async shows(text: string): Promise<void> {
    await until(
      () => Promise.resolve(`${this.stdout}${this.stderr}`),
      (all) => all.includes(text),
    );
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves to the exit code; null after a signal, also that of the deadline. */
  async ended(): Promise<number | null> {
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
    const [code] = (await this.#closed) as [number | null];
    clearTimeout(deadline);
    return code;
  }
}
