/**
 * `npm run fuzz -- [MINUTES] [TARGET…]`: every fuzz target of native/fuzz for so many minutes (default 5), as many at once as there are
 * processors; then the log reader, a living shim and the properties of the unit tests. What was tried is kept in native/build-asan/found/, and the
 * next run goes on from there; a finding belongs into native/fuzz/corpus/TARGET/ when it has been understood.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { runFuzzTarget } from '../test/support/fuzz-target.ts';
import { makeNative, nativeNames } from '../test/support/native-build.ts';

const root = join(import.meta.dirname, '..');
const defaultMinutes = 5;
/** Random logs of the log reader's fuzz test that take about a minute. */
const logRunsPerMinute = 8000;

/** The fuzzing and the fault injection that are written in TypeScript, as tests with a longer breath. */
const tests: Readonly<Record<string, (minutes: number) => Readonly<Record<string, string>>>> = {
  'test/unit/agents/host/logs-fuzz.test.ts': (minutes) => ({
    TSSTACK_FUZZ_RUNS: String(Math.ceil(minutes * logRunsPerMinute)),
  }),
  'test/integration/faults-shim.test.ts': () => ({ TSSTACK_FAULT_STEP: '1' }),
  'test/integration/faults-net.test.ts': () => ({ TSSTACK_FAULT_STEP: '1' }),
  'test/integration/shim-fuzz.test.ts': (minutes) => ({
    TSSTACK_FUZZ_MS: String(minutes * 60_000),
    TSSTACK_FUZZ_SEED: String(Date.now() % 1_000_000),
    TSSTACK_NATIVE_BUILD: 'native/build-asan',
  }),
};

async function runTarget(name: string, minutes: number, directory: string): Promise<boolean> {
  const { runs, finding } = await runFuzzTarget(name, { seconds: minutes * 60, directory });
  process.stdout.write(`${finding === null ? 'ok  ' : 'FAIL'} ${name}: ${runs} inputs\n`);
  if (finding !== null) process.stdout.write(`${finding.report}\nthe input is ${finding.path}\n`);
  return finding === null;
}

/** The properties of the unit tests, with other inputs each time. */
function runProperties(minutes: number): boolean {
  const end = Date.now() + minutes * 60_000;
  while (Date.now() < end) {
    const seed = Date.now() % 1_000_000_000;
    if (!runTest('unit', { TSSTACK_FUZZ_SEED: String(seed) })) return false;
  }
  return true;
}

function runTest(file: string, env: Readonly<Record<string, string>>): boolean {
  const { status } = spawnSync(process.execPath, [join(root, 'test/run.ts'), file], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status === 0;
}

const [first, ...others] = process.argv.slice(2);
const isNumber = first !== undefined && Number(first) > 0;
const minutes = isNumber ? Number(first) : defaultMinutes;
const wanted = isNumber || first === undefined ? others : [first, ...others];
const all = nativeNames('fuzz targets');
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`there is no fuzz target ${unknown.join(', ')}; there are ${all.join(', ')}`);

const directory = join(makeNative('asan'), 'found');
mkdirSync(directory, { recursive: true });
const queue = new PQueue({ concurrency: availableParallelism() });
const names = wanted.length > 0 ? wanted : all;
const results = await Promise.all(names.map((name) => queue.add(() => runTarget(name, minutes, directory))));
if (wanted.length === 0) {
  for (const [file, environment] of Object.entries(tests)) results.push(runTest(file, environment(minutes)));
  results.push(runProperties(minutes));
}
process.exitCode = results.every(Boolean) ? 0 : 1;
