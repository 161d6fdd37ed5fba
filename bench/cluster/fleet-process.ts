import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Traffic } from '../../agents/simulated/traffic.ts';
import { flagsOf, processorMsOf } from './process-figures.ts';

/** What the fleet tells. */
export interface FleetNews extends Pick<Traffic, 'sessions' | 'messages' | 'characters' | 'reports' | 'statuses'> {
  /** Tasks that any node has been given, each counted once. */
  readonly given: number;
  /** Tasks that the lost nodes held. */
  readonly lost: number;
}

/** What the fleet is told: so many nodes are lost at once. */
export interface FleetOrder {
  readonly lose: number;
}

/** Pretended nodes in a process of their own, so that what they cost is not the manager's, nor the benchmark's. */
export class FleetProcess {
  readonly #child: ChildProcess;
  #news: FleetNews;
  #wake: () => void = () => undefined;

  private constructor(child: ChildProcess, first: FleetNews) {
    this.#child = child;
    this.#news = first;
    child.on('message', (news: FleetNews) => {
      this.#news = news;
      this.#wake();
    });
    child.on('exit', () => this.#wake());
  }

  /** Resolves when all have registered. TSSTACK_BENCH_FLEET_FLAGS are given to node. */
  static async start(address: string, nodes: number): Promise<FleetProcess> {
    const program = join(import.meta.dirname, 'fleet-program.ts');
    const execArgv = flagsOf('TSSTACK_BENCH_FLEET_FLAGS');
    const child = fork(program, [address, String(nodes)], { execArgv });
    const [first] = (await once(child, 'message')) as [FleetNews];
    return new FleetProcess(child, first);
  }

  get news(): FleetNews {
    return this.#news;
  }

  /** Processor time so far, in ms. */
  get cpuMs(): number {
    return processorMsOf(this.#child.pid);
  }

  /** Resolves when the news are so; rejects at the deadline, with what they are then. */
  async until(isSo: (news: FleetNews) => boolean, signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#wake();
    signal.addEventListener('abort', onAbort);
    while (!isSo(this.#news)) {
      signal.throwIfAborted();
      if (this.#child.exitCode !== null) throw new Error(`the pretended nodes ended with ${this.#child.exitCode}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    signal.removeEventListener('abort', onAbort);
  }

  /** So many nodes say nothing any more; resolves to the number of their tasks. */
  async lose(nodes: number, signal: AbortSignal): Promise<number> {
    this.#child.send({ lose: nodes } satisfies FleetOrder);
    await this.until(({ lost }) => lost > 0, signal);
    return this.#news.lost;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}
