import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../test-host.ts';
import { EngineCgroup } from './engine-cgroup.ts';
import { runProgram, type ProgramResult } from '../run-program.ts';

const startTimeoutMs = 60_000;

/** Debian's containerd without an engine above it, driven by its own `ctr`. */
export class Containerd {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tsstack-containerd-'));
  readonly #cgroup = new EngineCgroup();
  readonly #process: ChildProcess;

  private constructor() {
    const config = `version = 2
root = "${this.#at('root')}"
state = "${this.#at('state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${this.#at('sock')}"
[ttrpc]
address = "${this.#at('sock.ttrpc')}"
`;
    writeFileSync(this.#at('config.toml'), config);
    const log = openSync(this.#at('log'), 'w');
    this.#process = spawn('containerd', ['--config', this.#at('config.toml')], { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  static async start(archive: string): Promise<Containerd> {
    const containerd = new Containerd();
    try {
      await until(
        () => containerd.ctr('version'),
        ({ code }) => code === 0,
        startTimeoutMs,
      );
      const { code, stderr } = await containerd.ctr('images', 'import', archive);
      if (code === 0) return containerd;
      throw new Error(`ctr could not import ${archive}: ${stderr}`);
    } catch (error) {
      const log = readFileSync(containerd.#at('log'), 'utf8').slice(-2000);
      await containerd.dispose();
      throw new Error(`containerd did not start:\n${log}`, { cause: error });
    }
  }

  /** A cgroup for a container, below the tests' own. */
  cgroup(name: string): string {
    return `${this.#cgroup.name}/${name}`;
  }

  ctr(...args: readonly string[]): Promise<ProgramResult> {
    return runProgram('ctr', ['--address', this.#at('sock'), ...args]);
  }

  leftovers(): readonly string[] {
    return this.#cgroup.containers();
  }

  async dispose(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    await this.#cgroup.remove();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #at(name: string): string {
    return join(this.#directory, name);
  }
}
