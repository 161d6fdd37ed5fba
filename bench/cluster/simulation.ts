/** Up to a thousand pretended nodes and a hundred thousand tasks against a real manager over real gRPC. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { followObjects } from '../../src/cli/tasks/follow-objects.ts';
import { connectControl } from '../../src/rpc/client.ts';
import { serviceSpec, stackSpec } from '../../test/fixtures/specs.ts';
import type { Recorder, Unit } from '../lib/measure.ts';
import { FleetProcess, type FleetNews } from './fleet-process.ts';
import { ManagerProcess } from './manager-process.ts';

const lostNodes = 100;
const servicesPerStack = 100;
/** Of each stretch: several times its target, on a machine that has other things to do. */
const deadlineMs = 120_000;
/** What a manager does before it is measured, so that the price of a task is not that of compiling what makes it. */
const warmUpTasks = 10_000;
const warmUps = 3;
/** The manager is left alone so long before it is measured. */
const settleMs = 5000;
/** What it costs to do nothing is measured for so long. */
const idleMs = 10_000;

export interface Size {
  readonly nodes: number;
  readonly tasks: number;
  /** So often, as a stack more each time: one mark of the garbage collector is a third of the price of a thousand tasks, and none of the next thousand's. */
  readonly ups: number;
}

/** One manager with its nodes, and where results go. */
interface World {
  readonly manager: ManagerProcess;
  readonly fleet: FleetProcess;
  readonly tasks: number;
  readonly add: (name: string, unit: Unit, target: number | null, value: number) => void;
}

/** `up` of so many tasks, in a manager that has had others; with the largest numbers, also what comes after it. */
export async function simulate({ nodes, tasks, ups }: Size, isWhole: boolean, recorder: Recorder): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-bench-'));
  const manager = await ManagerProcess.start(directory);
  const fleet = await FleetProcess.start(manager.address, nodes);
  const title = `${nodes} nodes, ${tasks} tasks`;
  const add: World['add'] = (name, unit, target, value) =>
    recorder.add(`${title}: ${name}`, unit, target, 'tsstack', value);
  const world = { manager, fleet, tasks, add };
  try {
    await warmUp(world);
    const idle = await idleCores(manager);
    for (let up = 1; up <= ups; up += 1) {
      await measureUp({ ...world, stack: `measured-${up}`, targetMs: isWhole ? 20_000 : null, idle });
    }
    if (isWhole) {
      add('steady state', 'cores', 0.1, await idleCores(manager));
      await measureLoss(world);
    }
    add('memory of the manager', 'MiB', isWhole ? 1536 : null, manager.peakMiB);
    add('sessions begun again', 'sessions', 0, fleet.news.sessions - nodes);
  } finally {
    await fleet.stop();
    await manager.stop();
    rmSync(directory, { recursive: true });
  }
}

/** Stacks that come and go, as a manager has had when it has run for a while. */
async function warmUp(world: World): Promise<void> {
  const { manager, fleet } = world;
  const control = await connectControl(manager.address, { connectTimeoutMs: deadlineMs });
  const [stack, signal] = ['warm-up', AbortSignal.timeout(deadlineMs)];
  for (let time = 0; time < warmUps; time += 1) {
    const before = fleet.news.statuses;
    await apply(manager.address, stack, warmUpTasks);
    await reach({ ...world, tasks: warmUpTasks }, 'run before', ({ statuses }) => statuses >= before + warmUpTasks);
    await control.removeStack({ stack });
    await followObjects(control, { stack, kinds: ['task'] }, signal, ({ tasks }) => tasks.length === 0);
  }
  control.close();
}

/** One `up`. */
interface Up extends World {
  readonly stack: string;
  /** For all to be given to their nodes; null = none. */
  readonly targetMs: number | null;
  /** What the manager takes without it, in cores. */
  readonly idle: number;
}

/** From the file to the last node: where the time goes, and what it costs. */
async function measureUp({ stack, targetMs, idle, ...world }: Up): Promise<void> {
  const { manager, fleet, tasks, add } = world;
  const before = { ...fleet.news, managerMs: manager.cpuMs, fleetMs: fleet.cpuMs };
  const started = performance.now();
  const note = (name: string, target: number | null = null): void =>
    add(name, 'ms', target, performance.now() - started);
  const applied = apply(manager.address, stack, tasks).then(() => note('up is answered'));
  await reach(world, 'are given to nodes', ({ given }) => given > before.given);
  note('the first is given to its node');
  await reach(world, 'are given to nodes', ({ given }) => given >= before.given + tasks);
  note('all given to their nodes', targetMs);
  add('processor time of the manager until then', 'ms', null, manager.cpuMs - before.managerMs);
  await applied;
  await reach(world, 'are reported as running', ({ statuses }) => statuses >= before.statuses + tasks);
  note('all reported as running');
  const { messages, characters, reports } = fleet.news;
  const perTask = (name: string, unit: Unit, sum: number): void => add(name, unit, null, sum / tasks);
  const managerMs = manager.cpuMs - before.managerMs;
  const withoutMs = (performance.now() - started) * idle;
  perTask('processor time of the manager, with their states', 'µs/task', managerMs * 1000);
  perTask('the same without heartbeats', 'µs/task', (managerMs - withoutMs) * 1000);
  perTask('processor time of all nodes together', 'µs/task', (fleet.cpuMs - before.fleetMs) * 1000);
  perTask('messages to nodes', 'messages/task', messages - before.messages);
  perTask('text to nodes', 'bytes/task', characters - before.characters);
  perTask('reports of nodes', 'messages/task', reports - before.reports);
}

/** What the manager takes when nothing is asked of it, and nothing of what was is left to be told (assignment-wakeups.ts gathers that). */
async function idleCores(manager: ManagerProcess): Promise<number> {
  await sleep(settleMs);
  const before = manager.cpuMs;
  await sleep(idleMs);
  return (manager.cpuMs - before) / idleMs;
}

async function measureLoss(world: World): Promise<void> {
  const { manager, fleet, add } = world;
  const control = await connectControl(manager.address, { connectTimeoutMs: deadlineMs });
  const firstLoss = untilNodeIsDown(control);
  const { given } = fleet.news;
  const lost = await fleet.lose(lostNodes, AbortSignal.timeout(deadlineMs));
  await firstLoss;
  const before = manager.cpuMs;
  const started = performance.now();
  await reach({ ...world, tasks: lost }, 'of lost nodes are given to others', (news) => news.given >= given + lost);
  add(`${lostNodes} nodes lost, their tasks given to others`, 'ms', 5000, performance.now() - started);
  add('processor time of the manager for that', 'ms', null, manager.cpuMs - before);
  control.close();
}

/** Waits until the fleet is so far; at the deadline it says how far everything is. */
async function reach(
  { manager, fleet, tasks }: World,
  what: string,
  isSo: (news: FleetNews) => boolean,
): Promise<void> {
  try {
    await fleet.until(isSo, AbortSignal.timeout(deadlineMs));
  } catch (cause) {
    const { given, statuses, sessions, messages, reports } = fleet.news;
    const progress = `${given} tasks were given in ${messages} messages, ${statuses} states came in ${reports} reports, ${sessions} sessions were begun`;
    const times = `the manager used ${manager.cpuMs} ms of processor time, the nodes ${fleet.cpuMs} ms`;
    throw new Error(`not all ${tasks} tasks ${what}: ${progress}; ${times}`, { cause });
  }
}

async function untilNodeIsDown(control: Awaited<ReturnType<typeof connectControl>>): Promise<void> {
  for await (const { objects } of control.watch({ stack: '', kinds: ['node'] }, { deadlineMs })) {
    if (objects.some(({ document }) => document.includes('"state":"down"'))) return;
  }
  throw new Error('the watch ended');
}

async function apply(address: string, name: string, tasks: number): Promise<void> {
  const replicas = tasks / servicesPerStack;
  const services = Array.from({ length: servicesPerStack }, (_, index) =>
    serviceSpec(`s${index}`, { replicas, networkMode: { kind: 'none' }, networks: [] }),
  );
  const control = await connectControl(address, { connectTimeoutMs: deadlineMs });
  await control.applyStack({ spec: JSON.stringify(stackSpec(services, { name })) }, { deadlineMs });
  control.close();
}
