import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A TypeScript program of the tests in a process of its own, which tells what it does line by line. */
export class TalkingProcess {
  readonly child: ChildProcess;
  readonly #name: string;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, program: string, args: readonly string[]) {
    this.#name = name;
    this.child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    assert.ok(this.child.stdout !== null);
    this.#lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /** Its next line that matches; those before it are passed over. */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const next = await this.#lines.next();
      if (next.done === true) throw new Error(`${this.#name} ended before it said ${pattern.source}`);
      if (pattern.test(next.value)) return next.value;
    }
  }

  /** Its lines until each pattern has had one. */
  async saysAll(...patterns: readonly RegExp[]): Promise<readonly string[]> {
    const lines: string[] = [];
    while (!patterns.every((pattern) => lines.some((line) => pattern.test(line)))) lines.push(await this.says(/./));
    return lines;
  }

  /** A line for it to read. */
  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill(signal);
    await exit;
  }
}
