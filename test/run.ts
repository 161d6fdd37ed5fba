/**
 * `npm test`: the native tests, then unit, integration and end-to-end tests, and one closing line `N passed, N failed`.
 * Arguments name suites (native, unit, integration, e2e) or test files. A pending test counts as failed: what cannot run here has to say so by failing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Totals {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
}

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'tsstack-test-'));
const suites = ['unit', 'integration', 'e2e'] as const;
const timeoutsMs = { unit: 20_000, integration: 60_000, e2e: 180_000 } as const;

/** Tests get a network and mounts of their own: whatever goes wrong in them, the machine's stay as they are. */
const isolation = ['--net', '--mount', '--propagation', 'private', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

function runMocha(name: string, files: readonly string[], timeoutMs: number): Totals {
  const totalsPath = join(scratch, `${name}.json`);
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const args = ['--disable-warning=ExperimentalWarning', mocha, '--reporter', join(root, 'test/support/reporter.ts')];
  const command = [process.execPath, ...args, '--timeout', String(timeoutMs), '--exit', ...files];
  const { status } = spawnSync('unshare', [...isolation, ...command], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TSSTACK_TEST_TOTALS: totalsPath },
  });
  if (existsSync(totalsPath)) return JSON.parse(readFileSync(totalsPath, 'utf8')) as Totals;
  process.stdout.write(`${name}: mocha ended with status ${String(status)} before its report\n`);
  return { passes: 0, failures: 1, pending: 0 };
}

/** Images are made of packages from the mirrors, which tests in a network of their own cannot reach. */
function prepareImages(): void {
  const { status } = spawnSync(process.execPath, [join(root, 'test/fixtures/prepare.ts')], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the images of the tests could not be built; the lines above say why');
}

function runNative(): Totals {
  const { status } = spawnSync('make', ['-s', '-C', 'native', 'check'], { cwd: root, stdio: 'inherit' });
  return status === 0 ? { passes: 1, failures: 0, pending: 0 } : { passes: 0, failures: 1, pending: 0 };
}

function runSuite(name: string): Totals {
  if (name === 'native') return runNative();
  if (name.endsWith('.ts')) return runMocha('files', [name], timeoutsMs.e2e);
  const suite = suites.find((candidate) => candidate === name);
  if (suite === undefined) throw new Error(`there is no suite ${name}; there are native, ${suites.join(', ')}`);
  const files = globSync(`test/${suite}/**/*.test.ts`, { cwd: root }).toSorted();
  return files.length === 0 ? { passes: 0, failures: 0, pending: 0 } : runMocha(suite, files, timeoutsMs[suite]);
}

const wanted = process.argv.slice(2);
if (wanted.some((name) => name !== 'unit' && name !== 'native') || wanted.length === 0) prepareImages();
let passed = 0;
let failed = 0;
for (const name of wanted.length > 0 ? wanted : ['native', ...suites]) {
  process.stdout.write(`\n# ${name}\n`);
  const totals = runSuite(name);
  passed += totals.passes;
  failed += totals.failures + totals.pending;
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
