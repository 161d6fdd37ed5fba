import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const program = join(import.meta.dirname, 'request-load-program.ts');

/** How often each answer came, and each reason for none. */
export interface LoadResult {
  readonly answers: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
}

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly perSecond: number;
}

/** Clients of a service that ask all the time, each by a connection of its own. */
export class RequestLoad {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  #output = '';

  private constructor(process: ChildProcessByStdio<Writable, Readable, null>) {
    this.#process = process;
    process.stdout.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  /** Resolves when one has been answered; `enter` makes a command into one that runs where the clients are. */
  static async begin(
    enter: (command: readonly string[]) => readonly string[],
    { host, port, perSecond }: LoadTarget,
  ): Promise<RequestLoad> {
    const [file = '', ...rest] = enter([process.execPath, program, host, String(port), String(perSecond)]);
    const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    const load = new RequestLoad(child);
    await once(child.stdout, 'data');
    return load;
  }

  /** Resolves to how it went when all that were asked have been answered. */
  async end(): Promise<LoadResult> {
    this.#process.stdin.end();
    await once(this.#process, 'close');
    return JSON.parse(this.#output.replace('ready\n', '')) as LoadResult;
  }
}
