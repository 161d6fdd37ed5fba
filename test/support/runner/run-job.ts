/** One process of mocha for each job, in a network and mounts of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from './jobs.ts';

/** What test/support/reporter.ts tells of one process of mocha. */
export interface Totals {
  readonly passes: number;
  /** Whole titles, and below each why. */
  readonly failures: readonly string[];
  /** Whole titles. */
  readonly pending: readonly string[];
}

/** A job that has ended. */
export interface JobResult extends Totals {
  readonly title: string;
  readonly seconds: number;
  /** All that was written. */
  readonly output: string;
}

/** Bounds a test that fails; a machine with much else to do is slow. */
const testTimeoutMs = 180_000;

/** Whatever goes wrong in tests, the network and the mounts of the machine, and of the tests beside them, stay as they are. */
const isolation = ['--net', '--mount', '--propagation', 'private', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

/** How a job is called in what is said of it. */
function titleOf({ suite, files }: Job): string {
  return files.length === 1 ? `${suite} ${files.join()}` : suite;
}

/** Runs a job to its end. `directory` is its own: sanitizers write `report.*` there, in whichever process of the job it may be. */
export async function runJob(root: string, job: Job, directory: string): Promise<JobResult> {
  mkdirSync(directory);
  const title = titleOf(job);
  const started = performance.now();
  const status = await runMocha(root, job, directory);
  const output = readFileSync(join(directory, 'output'), 'utf8');
  const seconds = (performance.now() - started) / 1000;
  return { title, seconds, output, ...(readTotals(directory) ?? endedEarly(title, status)) };
}

async function runMocha(root: string, { files, env, deadlineMs }: Job, directory: string): Promise<string> {
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const support = join(root, 'test/support');
  const args = ['--disable-warning=ExperimentalWarning', mocha, '--reporter', join(support, 'reporter.ts')];
  // Only unit tests have properties, and loading what tries them takes as long as many another test.
  if (files.some((file) => file.includes('test/unit/'))) args.push('--require', join(support, 'property-seed.ts'));
  const command = [process.execPath, ...args, '--timeout', String(testTimeoutMs), '--exit', ...files];
  // A file, as a pipe would stay open for as long as a process that a test has left behind.
  const output = openSync(join(directory, 'output'), 'w');
  const child = spawn('unshare', [...isolation, ...command], {
    cwd: root,
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      ...env(directory),
      TSSTACK_TEST_TOTALS: join(directory, 'totals.json'),
    },
  });
  closeSync(output);
  const deadline = deadlineMs === null ? null : setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (deadline !== null) clearTimeout(deadline);
  return String(code ?? signal);
}

function readTotals(directory: string): Totals | null {
  const path = join(directory, 'totals.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Totals) : null;
}

function endedEarly(title: string, status: string): Totals {
  return { passes: 0, failures: [`${title}: mocha ended before its report, with ${status}`], pending: [] };
}
