/** A thousand pretended nodes and up to a hundred thousand tasks against a real manager over real gRPC. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../../agents/simulated/fleet.ts';
import { connectControl } from '../../src/rpc/client.ts';
import { serviceSpec, stackSpec } from '../../test/fixtures/specs.ts';
import type { Recorder } from '../lib/measure.ts';
import { ManagerProcess } from './manager-process.ts';

const nodes = 1000;
const lostNodes = 100;
const servicesPerStack = 100;
const deadlineMs = 300_000;
/** The manager is left alone so long before and while its idle cost is measured. */
const settleMs = 5000;
const idleMs = 10_000;

/** Waits for a count of tasks that nodes were given. */
class TaskCount {
  #count = 0;
  #wanted = Infinity;
  #reached = Promise.withResolvers<void>();

  add(): void {
    if (++this.#count >= this.#wanted) this.#reached.resolve();
  }

  /** Resolves when so many more have come. */
  async more(count: number): Promise<void> {
    this.#reached = Promise.withResolvers();
    this.#wanted = this.#count + count;
    const late = AbortSignal.timeout(deadlineMs);
    const onLate = (): void =>
      this.#reached.reject(new Error(`${this.#count} of ${this.#wanted} tasks were given out`));
    late.addEventListener('abort', onLate);
    await this.#reached.promise;
    late.removeEventListener('abort', onLate);
  }
}

/** One `up` of so many tasks; with the largest number, also what comes after it. */
export async function simulate(tasks: number, isWhole: boolean, recorder: Recorder): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-bench-'));
  const manager = await ManagerProcess.start(directory);
  const count = new TaskCount();
  const fleet = await Fleet.start({ address: manager.address, nodes, onTask: () => count.add() });
  const title = `${nodes} nodes, ${tasks} tasks`;
  const add = (name: string, unit: Parameters<Recorder['add']>[1], target: number | null, value: number): void =>
    recorder.add(`${title}: ${name}`, unit, target, 'tsstack', value);
  try {
    const cpuBefore = manager.cpuMs;
    const placedMs = await timed(async () => {
      const placed = count.more(tasks);
      await apply(manager.address, tasks);
      await placed;
    });
    add('all given to their nodes', 'ms', isWhole ? 20_000 : null, placedMs);
    add('processor time of the manager until then', 'ms', null, manager.cpuMs - cpuBefore);
    await sleep(settleMs);
    add(
      'processor time of the manager, with their states',
      'µs/task',
      null,
      ((manager.cpuMs - cpuBefore) * 1000) / tasks,
    );
    if (isWhole) await measureAfterwards(fleet, manager, count, add);
    add('memory of the manager', 'MiB', isWhole ? 1536 : null, manager.peakMiB);
  } finally {
    fleet.stop();
    await manager.stop();
    rmSync(directory, { recursive: true });
  }
}

async function measureAfterwards(
  fleet: Fleet,
  manager: ManagerProcess,
  count: TaskCount,
  add: (name: string, unit: 'ms' | 'cores', target: number | null, value: number) => void,
): Promise<void> {
  const idleBefore = manager.cpuMs;
  await sleep(idleMs);
  add('steady state', 'cores', 0.1, (manager.cpuMs - idleBefore) / idleMs);
  const lost = fleet.agents.slice(0, lostNodes);
  const orphaned = lost.reduce((sum, { tasks }) => sum + tasks.size, 0);
  const control = await connectControl(manager.address, { connectTimeoutMs: deadlineMs });
  const firstLoss = untilNodeIsDown(control);
  const replaced = count.more(orphaned);
  for (const agent of lost) agent.stop();
  await firstLoss;
  const replacedMs = await timed(() => replaced);
  add(`${lostNodes} nodes lost, ${orphaned} tasks given to others`, 'ms', 5000, replacedMs);
  control.close();
}

async function untilNodeIsDown(control: Awaited<ReturnType<typeof connectControl>>): Promise<void> {
  for await (const { objects } of control.watch({ stack: '', kinds: ['node'] }, { deadlineMs })) {
    if (objects.some(({ document }) => document.includes('"state":"down"'))) return;
  }
  throw new Error('the watch ended');
}

async function apply(address: string, tasks: number): Promise<void> {
  const replicas = tasks / servicesPerStack;
  const services = Array.from({ length: servicesPerStack }, (_, index) =>
    serviceSpec(`s${index}`, { replicas, networkMode: { kind: 'none' }, networks: [] }),
  );
  const control = await connectControl(address, { connectTimeoutMs: deadlineMs });
  await control.applyStack({ spec: JSON.stringify(stackSpec(services)) }, { deadlineMs });
  control.close();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
