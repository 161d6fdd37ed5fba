/**
 * `npm run bench:stack`: what reading a stack file costs, in fresh processes as a command is one, and how soon and how cheaply bombs and garbage are
 * refused. Prints medians beside their targets; exits with 1 when one is missed. TSSTACK_BENCH_REPEAT sets the rounds (default 7).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigStack, hardStackFiles, typicalStack } from './lib/hard-stack-files.ts';
import { median } from './lib/measure.ts';

const repeat = Number(process.env['TSSTACK_BENCH_REPEAT'] ?? 7);
const root = join(import.meta.dirname, '..');

interface Row {
  readonly name: string;
  readonly value: number;
  readonly target: number;
  readonly unit: 'ms' | 'MiB';
}

interface Load {
  readonly isAccepted: boolean;
  /** From the start of the load to its end, all code being there. */
  readonly milliseconds: number;
  /** Processor time of the thread that loads, which a busy machine does not lengthen much. */
  readonly processorMs: number;
  /** Of the whole process at its largest. */
  readonly mebibytes: number;
}

/** Loads a file in a process of its own. */
function load(file: string): Load {
  const code = `
    const { loadStack, StackFileError } = await import(${JSON.stringify(join(root, 'src/stack/index.ts'))});
    const before = process.threadCpuUsage();
    const started = performance.now();
    let isAccepted = true;
    try { loadStack({ cwd: '/', env: { TAG: '1' }, files: [${JSON.stringify(file)}] }); }
    catch (error) { if (!(error instanceof StackFileError)) throw error; isAccepted = false; }
    const milliseconds = performance.now() - started;
    const used = process.threadCpuUsage(before);
    const processorMs = (used.user + used.system) / 1000;
    process.stdout.write(JSON.stringify({ isAccepted, milliseconds, processorMs, mebibytes: process.resourceUsage().maxRSS / 1024 }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  if (stdout === '') throw new Error(`loading ${file} failed: ${stderr}`);
  return JSON.parse(stdout) as Load;
}

function loads(file: string, isAccepted: boolean): readonly Load[] {
  const all = Array.from({ length: repeat }, () => load(file));
  if (all.some((one) => one.isAccepted !== isAccepted))
    throw new Error(`${file} was ${isAccepted ? 'refused' : 'accepted'}`);
  return all;
}

function timeLoad(name: string, file: string, target: number): readonly Row[] {
  const all = loads(file, true);
  return [
    { name, value: median(all.map(({ milliseconds }) => milliseconds)), target, unit: 'ms' },
    { name: `${name}: processor`, value: median(all.map(({ processorMs }) => processorMs)), target, unit: 'ms' },
  ];
}

function timeCommand(name: string, file: string, target: number): Row {
  const times = Array.from({ length: repeat }, () => {
    const started = performance.now();
    const { status } = spawnSync(join(root, 'bin/tsstack'), ['-f', file, 'config'], { maxBuffer: 2 ** 30 });
    if (status !== 0) throw new Error(`config of ${file} ended with ${String(status)}`);
    return performance.now() - started;
  });
  return { name, value: median(times), target, unit: 'ms' };
}

function refuse(name: string, file: string): readonly Row[] {
  const all = loads(file, false);
  return [
    {
      name: `${name}, refused after`,
      value: median(all.map(({ milliseconds }) => milliseconds)),
      target: 1000,
      unit: 'ms',
    },
    { name: `${name}, memory`, value: Math.max(...all.map(({ mebibytes }) => mebibytes)), target: 300, unit: 'MiB' },
  ];
}

const directory = mkdtempSync(join(tmpdir(), 'tsstack-bench-stack-'));
const write = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};
try {
  const big = write('big.yml', bigStack(1000));
  const typical = write('typical.yml', typicalStack());
  timeCommand('warm-up', typical, 0);
  const rows = [
    ...timeLoad('1,000 services, anchors, extends, variables', big, 300),
    ...timeLoad('10 services', typical, 15),
    timeCommand('tsstack config of 10 services', typical, 150),
    ...Object.entries(hardStackFiles()).flatMap(([name, text]) => refuse(name, write('hard.yml', text))),
  ];
  for (const { name, value, target, unit } of rows) {
    const verdict = value <= target ? 'reached' : 'MISSED';
    process.stdout.write(`${name.padEnd(52)}${`${value.toFixed(0)} ${unit}`.padStart(10)}   <= ${target} ${verdict}\n`);
  }
  process.exitCode = rows.every(({ value, target }) => value <= target) ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true });
}
