import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const script = join(import.meta.dirname, 'seccomp-agent.py');

/** The container process state of the runtime spec. */
interface ProcessState {
  readonly ociVersion: string;
  readonly fds: readonly string[];
  readonly pid: number;
  readonly metadata?: string;
  readonly state: Readonly<Record<string, unknown>>;
}

/** The one who decides on system calls of containers; see the script. */
export class SeccompAgent {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: string, connections: number) {
    this.#process = spawn('python3', [script, socket, String(connections)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout ?? assert.fail() })[Symbol.asyncIterator]();
  }

  /** Takes so many connections at `socket`, and ends when nobody is under their filters any more. */
  static async listen(socket: string, connections: number): Promise<SeccompAgent> {
    const agent = new SeccompAgent(socket, connections);
    assert.equal(await agent.line(), 'ready');
    return agent;
  }

  async line(): Promise<string> {
    const next = await this.#lines.next();
    return next.done === true ? assert.fail('the agent has ended') : next.value;
  }

  /** What the next connection said. */
  async state(): Promise<ProcessState> {
    return JSON.parse(await this.line()) as ProcessState;
  }

  async dispose(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
