import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { TsstackError } from '../../../src/model/errors.ts';
import type { ShimState } from '../tasks/shim.ts';
import { NativeError } from './native-error.ts';
import type { NativeErrorObject } from './native-error.ts';
import { ProgramError } from './program-error.ts';

/** Mounting a root from a slow disk is the longest part of making a container. */
const replyTimeoutMs = 60_000;

/** The launcher ended or does not answer. */
class LauncherError extends TsstackError {
  constructor(problem: string) {
    super('unavailable', `start a process: ${problem}`, { retryable: true });
  }
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

interface Waiting {
  readonly child: Child;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

interface Reply {
  readonly seq: number;
  readonly pid?: number;
  readonly state?: ShimState;
  readonly error?: NativeErrorObject;
}

/**
 * `tsstack-shim --launcher`: forks on behalf of this process, whose own address space is too large to fork quickly. Started at the first
 * need and again when it has died; what it started lives on without it.
 */
export class Launcher {
  readonly #binary: string;
  readonly #waiting = new Map<number, Waiting>();
  #child: Child | null = null;
  #sequence = 0;

  constructor(binary: string) {
    this.#binary = binary;
  }

  /** Starts a shim; resolves when its container is created, or started where shim.json says so. */
  async startShim(configPath: string): Promise<ShimState> {
    const { state } = await this.#request({ shim: configPath });
    if (state === undefined) throw new LauncherError('a shim started without a state');
    return state;
  }

  /** Starts a detached helper and waits until it says that it is ready; its output goes to the file `logPath`. */
  async spawn(argv: readonly string[], logPath: string): Promise<void> {
    try {
      await this.#request({ spawn: argv, log: logPath });
    } catch (error) {
      const [program = ''] = argv;
      if (error instanceof NativeError && error.path === program) throw new ProgramError(program, error.errno, error);
      throw error;
    }
  }

  /** Ends the launcher; nothing that it started ends with it. */
  close(): void {
    this.#child?.stdin.end();
    this.#child = null;
  }

  #request(body: object): Promise<Reply> {
    this.#sequence += 1;
    const seq = this.#sequence;
    const child = this.#running();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(seq);
        reject(new LauncherError(`no answer within ${replyTimeoutMs} ms`));
      }, replyTimeoutMs);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      this.#waiting.set(seq, { child, resolve: settle(resolve), reject: settle(reject) });
      child.stdin.write(`${JSON.stringify({ seq, ...body })}\n`);
    });
  }

  #running(): Child {
    if (this.#child !== null) return this.#child;
    const child = spawn(this.#binary, ['--launcher'], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
    const forget = (): void => {
      if (this.#child === child) this.#child = null;
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      forget();
      this.#rejectAll(child, new ProgramError(this.#binary, error.code ?? '', error));
    });
    child.on('exit', forget);
    // Later than `exit`: replies that were on their way have been read.
    child.on('close', (code, signal) => {
      const end = signal === null ? `exit status ${code ?? 'unknown'}` : signal;
      this.#rejectAll(child, new LauncherError(`${this.#binary} --launcher ended: ${end}`));
    });
    child.stdin.on('error', () => undefined); // `exit` tells
    createInterface({ input: child.stdout }).on('line', (line) => this.#onLine(line));
    this.#child = child;
    return child;
  }

  /** What was asked of this launcher will not be answered; another one may be at work already. */
  #rejectAll(child: Child, reason: Error): void {
    for (const [seq, waiting] of [...this.#waiting].filter(([, entry]) => entry.child === child)) {
      this.#waiting.delete(seq);
      waiting.reject(reason);
    }
  }

  #onLine(line: string): void {
    const reply = JSON.parse(line) as Reply;
    const waiting = this.#waiting.get(reply.seq);
    this.#waiting.delete(reply.seq);
    if (reply.error === undefined) waiting?.resolve(reply);
    else waiting?.reject(new NativeError(reply.error));
  }
}
