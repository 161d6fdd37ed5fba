import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { execInShim } from '../../agents/host/native/shim-client.ts';
import type { ShimSocket } from '../../agents/host/native/shim-socket.ts';
import type { ExecOptions } from '../../agents/host/tasks/shim.ts';
import { processOf, ShimLab } from '../../test/support/shim-lab.ts';
import type { LabContainer } from '../../test/support/shim-lab.ts';
import type { Recorder } from '../lib/measure.ts';
import { pssMiB } from '../lib/memory.ts';
import { describeContainer } from './bundle.ts';

const ours = 'tsstack';
/** So long after its last work the shim has given back its buffers. */
const idleAfterMs = 5000;
const idleForMs = 5000;
const idleShims = 10;
const printedLines = 1_000_000;
const printedTimes = 4;
const tailBytes = 200;

/** One container as the agent makes it, with the overlay mounted by the shim. */
function describe(lab: ShimLab, args: readonly string[], log: Readonly<Record<string, unknown>> = {}): LabContainer {
  const container = lab.describe(args);
  writeFileSync(join(container.directory, 'config.json'), JSON.stringify(describeContainer(args)));
  const config = JSON.parse(readFileSync(container.configPath, 'utf8')) as { log: object };
  writeFileSync(container.configPath, JSON.stringify({ ...config, log: { ...config.log, ...log } }));
  return container;
}

async function launch(lab: ShimLab, container: LabContainer): Promise<{ control: ShimSocket; shimPid: number }> {
  const { shimPid } = await lab.launcher.startShim(container.configPath);
  const control = await container.connect();
  await control.request({ op: 'start' });
  return { control, shimPid };
}

/**
 * create, start, wait and delete of `true`, as the agent does it, beside a container that runs: the first of a host also makes the cgroups that all
 * of them share.
 */
async function measureLives(lab: ShimLab, rounds: number, recorder: Recorder): Promise<void> {
  const { control: beside } = await launch(lab, describe(lab, ['sleep', '1000000']));
  for (let round = 0; round < rounds * 20; round += 1) {
    const container = describe(lab, ['true']);
    const began = performance.now();
    const { control } = await launch(lab, container);
    await control.closed;
    recorder.add('create, start, wait, delete: in the shim', 'ms', 8, ours, performance.now() - began);
  }
  await beside.request({ op: 'kill' });
}

async function measureExecs(lab: ShimLab, rounds: number, recorder: Recorder): Promise<void> {
  const container = describe(lab, ['sleep', '1000000']);
  const { control } = await launch(lab, container);
  // The fields that matter here.
  const process = processOf(['true']) as unknown as ExecOptions['process'];
  const options = { process, stdin: false, detach: false, timeoutMs: null, privileged: false };
  for (let round = 0; round < rounds * 20; round += 1) {
    const began = performance.now();
    const session = await execInShim(container.socketPath, options);
    await session.exit;
    recorder.add('exec true: in the shim', 'ms', 6, ours, performance.now() - began);
  }
  await control.request({ op: 'kill' });
}

function countWakeUps(pid: number): number {
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Memory and wake-ups of shims whose containers sleep, after they have printed something. */
async function measureIdleShims(lab: ShimLab, recorder: Recorder): Promise<void> {
  const containers = Array.from({ length: idleShims }, () => describe(lab, ['sh', '-c', 'echo x; sleep 1000000']));
  const launched = await Promise.all(containers.map((container) => launch(lab, container)));
  await wait(idleAfterMs);
  const before = launched.map(({ shimPid }) => countWakeUps(shimPid));
  await wait(idleForMs);
  for (const [index, { shimPid, control }] of launched.entries()) {
    recorder.add(`wake-ups of an idle shim in ${idleForMs / 1000} s`, 'wake-ups', 0, ours, countWakeUps(shimPid) - (before[index] ?? 0));
    recorder.add(`memory of a shim (PSS, ${idleShims} of them)`, 'KiB', 600, ours, pssMiB([shimPid]) * 1024);
    await control.request({ op: 'kill' });
  }
}

/** Seconds of processor time of a process so far. */
function readProcessorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticksPerSecond = 100; // of everything in /proc, on every Linux
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Time of a record of the log, in seconds. */
function timeOf(record: string): number {
  const [date = '', fraction = ''] = record.slice(0, 29).split('.');
  return Date.parse(`${date}Z`) / 1000 + Number(`0.${fraction}`);
}

/** The first and the last record, as soon as the last one is about the end. */
async function waitForEnd(path: string): Promise<{ readonly first: string; readonly last: string }> {
  const deadline = AbortSignal.timeout(60_000);
  const file = await open(path, 'r');
  try {
    for (;;) {
      deadline.throwIfAborted();
      const { size } = await file.stat();
      const tail = (await readText(file, Math.max(0, size - tailBytes), size)).trimEnd();
      if (tail.endsWith('last')) return { first: await readText(file, 0, tailBytes), last: tail.split('\n').at(-1) ?? '' };
      await wait(5); // the times that count are those in the log
    }
  } finally {
    await file.close();
  }
}

async function readText(file: FileHandle, from: number, to: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
  return buffer.toString('latin1', 0, bytesRead);
}

/** What a container prints in lines of 100 bytes, into the log; by the times in the log itself. */
async function measureLog(lab: ShimLab, rounds: number, recorder: Recorder): Promise<void> {
  writeFileSync(join(lab.directory, 'root/lines.txt'), `${'x'.repeat(99)}\n`.repeat(printedLines));
  const script = `echo first; ${'cat /lines.txt; '.repeat(printedTimes)} echo last; sleep 1000000`;
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    const container = describe(lab, ['sh', '-c', script], { maxBytes: 2 ** 40, maxFiles: 1 });
    const { control, shimPid } = await launch(lab, container);
    const { first, last } = await waitForEnd(container.logPath);
    const seconds = timeOf(last) - timeOf(first);
    const megabytes = (printedLines * printedTimes * 100) / 1e6;
    recorder.add('output into the log', 'MB/s', 300, ours, megabytes / seconds);
    recorder.add('processor for output into the log', 'cores', 1, ours, readProcessorSeconds(shimPid) / seconds);
    await control.request({ op: 'kill' });
    await control.closed;
    rmSync(container.logPath);
  }
}

/** Everything that concerns the shim, with bundles in `runDirectory`; nothing else does the same on its own, so that there are no peers. */
export async function measureShim(runDirectory: string, rounds: number, recorder: Recorder): Promise<void> {
  const lab = new ShimLab(runDirectory);
  try {
    await measureLives(lab, rounds, recorder);
    await measureExecs(lab, rounds, recorder);
    await measureIdleShims(lab, recorder);
    await measureLog(lab, rounds, recorder);
  } finally {
    await lab.dispose();
  }
}
