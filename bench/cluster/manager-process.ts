import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Clock ticks of /proc (USER_HZ), which Linux has fixed at 100 for programs. */
const ticksPerSecond = 100;

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
    const flags = (process.env['TSSTACK_BENCH_MANAGER_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
    const child = spawn(process.execPath, [...flags, program, directory, socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await untilReady(child.stdout);
    return new ManagerProcess(child, `unix://${socket}`);
  }

  /** Processor time so far, in ms. */
  get cpuMs(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  }

  /** Largest resident memory so far, in MiB. */
  get peakMiB(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
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
