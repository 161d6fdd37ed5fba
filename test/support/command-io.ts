/** The world of a command in tests: everything it writes is kept, signals come from the test. */
import { PassThrough, Writable } from 'node:stream';
import type { CommandIo, SignalName } from '../../src/cli/command-line/io.ts';
import { runCommandLine } from '../../src/cli/run-command-line.ts';

class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface TestIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard input, all of it; default nothing. */
  readonly stdin?: string;
}

export class TestIo implements CommandIo {
  readonly stdin = new PassThrough();
  readonly stdout = new Collector();
  readonly stderr = new Collector();
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether the terminal was asked to be raw last. */
  isRaw = false;
  readonly #handlers = new Map<SignalName, Set<() => void>>();

  constructor(options: TestIoOptions = {}) {
    this.env = { HOME: '/root', ...options.env };
    this.cwd = options.cwd ?? '/';
    this.stdin.end(options.stdin ?? '');
  }

  setRawTerminal(raw: boolean): void {
    this.isRaw = raw;
  }

  onSignal(signal: SignalName, handler: () => void): () => void {
    const handlers = this.#handlers.get(signal) ?? new Set();
    this.#handlers.set(signal, handlers.add(handler));
    return () => void handlers.delete(handler);
  }

  /** As if the process had got the signal. */
  send(signal: SignalName): void {
    for (const handler of this.#handlers.get(signal) ?? []) handler();
  }
}

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process. */
export async function runCommand(argv: readonly string[], io: TestIo = new TestIo()): Promise<CommandOutcome> {
  const code = await runCommandLine(argv, io);
  return { code, stdout: io.stdout.text, stderr: io.stderr.text };
}
