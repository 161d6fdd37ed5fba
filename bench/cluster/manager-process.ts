import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { flagsOf, peakMiBOf, processorMsOf } from './process-figures.ts';

/** A manager in a process of its own, whose time and memory are its own. */
export class ManagerProcess {
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  /** Resolves when it serves. TSSTACK_BENCH_MANAGER_FLAGS are given to node, as `--cpu-prof`. */
  static async start(directory: string): Promise<ManagerProcess> {
    const socket = join(directory, 'sock');
    const program = join(import.meta.dirname, '../../test/fixtures/manager-process.ts');
    const flags = flagsOf('TSSTACK_BENCH_MANAGER_FLAGS');
    const child = spawn(process.execPath, [...flags, program, directory, socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await untilReady(child.stdout);
    return new ManagerProcess(child, `unix://${socket}`);
  }

  /** Processor time so far, in ms. */
  get cpuMs(): number {
    return processorMsOf(this.#child.pid);
  }

  /** Largest resident memory so far, in MiB. */
  get peakMiB(): number {
    return peakMiBOf(this.#child.pid);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

/** Other lines are of flags such as `--trace-gc`. */
async function untilReady(output: Readable): Promise<void> {
  const lines = createInterface(output);
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => (line === 'ready' ? resolve() : process.stderr.write(`${line}\n`)));
  });
}
