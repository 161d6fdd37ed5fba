import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { TsstackError } from '../../../src/model/errors.ts';
import type { ShimState } from '../tasks/shim.ts';
import { NativeError } from './native-error.ts';
import type { NativeErrorObject } from './native-error.ts';

/** Mounting a root from a slow disk is the longest part of making a container. */
const replyTimeoutMs = 60_000;

/** The launcher ended or does not answer. */
export class LauncherError extends TsstackError {
  constructor(problem: string, cause?: unknown) {
    super('unavailable', `start a process: ${problem}`, { retryable: true, cause });
  }
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
  readonly #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  #child: ChildProcessByStdio<Writable, Readable, null> | null = null;
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
    await this.#request({ spawn: argv, log: logPath });
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
      this.#waiting.set(seq, { resolve: settle(resolve), reject: settle(reject) });
      child.stdin.write(`${JSON.stringify({ seq, ...body })}\n`);
    });
  }

  #running(): ChildProcessByStdio<Writable, Readable, null> {
    if (this.#child !== null) return this.#child;
    const child = spawn(this.#binary, ['--launcher'], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
    const onEnd = (cause?: unknown): void => {
      if (this.#child === child) this.#child = null;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { reject } of waiting) reject(new LauncherError('the launcher ended', cause));
    };
    child.on('error', onEnd);
    child.on('exit', () => onEnd());
    child.stdin.on('error', () => undefined); // `exit` tells
    createInterface({ input: child.stdout }).on('line', (line) => this.#onLine(line));
    this.#child = child;
    return child;
  }

  #onLine(line: string): void {
    const reply = JSON.parse(line) as Reply;
    const waiting = this.#waiting.get(reply.seq);
    this.#waiting.delete(reply.seq);
    if (reply.error === undefined) waiting?.resolve(reply);
    else waiting?.reject(new NativeError(reply.error));
  }
}
