/**
 * `npm test`: the C tests, then unit, integration and end-to-end tests, and one closing line `N passed, N failed`. The integration tests of the
 * native programs run a second time (suite `sanitized`) with programs that carry AddressSanitizer and UndefinedBehaviorSanitizer.
 * Arguments name suites (native, unit, integration, sanitized, e2e) or test files. Files are tested beside each other, because most of them
 * wait most of the time; what a file has said comes out when it has ended. A pending test counts as failed: what cannot run here has to say so by
 * failing.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { makeNative } from './support/native-build.ts';
import { planJobs } from './support/runner/jobs.ts';
import { runJob, type JobResult } from './support/runner/run-job.ts';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'tsstack-test-'));
const slowestShown = 12;
/** A file computes for about half of its time, so that two get on on one processor; with more than four the longest file decides. */
const [minLanes, maxLanes] = [2, 4];

/** Images are made of packages from the mirrors, which tests in a network of their own cannot reach. */
function prepareImages(): void {
  const { status } = spawnSync(process.execPath, [join(root, 'test/fixtures/prepare.ts')], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the images of the tests could not be built; the lines above say why');
}

function show({ title, seconds, output }: JobResult): void {
  process.stdout.write(`\n# ${title} (${seconds.toFixed(1)} s)\n${output.trimEnd()}\n`);
}

/** Also of processes whose end no test looks at. */
function readSanitizerReports(): readonly string[] {
  return globSync(join(scratch, '*/report.*')).map((path) => readFileSync(path, 'utf8'));
}

const jobs = planJobs(root, process.argv.slice(2));
if (jobs.some(({ suite }) => suite !== 'unit' && suite !== 'native')) prepareImages();
if (jobs.some(({ suite }) => suite === 'sanitized')) makeNative('asan');

const results: JobResult[] = [];
async function run(job: (typeof jobs)[number]): Promise<void> {
  const result = await runJob(root, job, join(scratch, String(jobs.indexOf(job))));
  show(result);
  results.push(result);
}

for (const job of jobs.filter(({ isAlone }) => isAlone)) await run(job);
const lanes = new PQueue({ concurrency: Math.min(Math.max(availableParallelism(), minLanes), maxLanes) });
await lanes.addAll(jobs.filter(({ isAlone }) => !isAlone).map((job) => () => run(job)));

const failures = [...results.flatMap((result) => [...result.failures, ...result.pending]), ...readSanitizerReports()];
const slowest = results.toSorted((a, b) => b.seconds - a.seconds).slice(0, slowestShown);
process.stdout.write(
  `\nslowest:\n${slowest.map(({ title, seconds }) => `  ${seconds.toFixed(1)} s ${title}\n`).join('')}`,
);
if (failures.length > 0) process.stdout.write(`\nfailed:\n${failures.map((title) => `  ${title}\n`).join('')}`);
rmSync(scratch, { recursive: true, force: true });
const passed = results.reduce((sum, { passes }) => sum + passes, 0);
process.stdout.write(`\n${passed} passed, ${failures.length} failed\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
