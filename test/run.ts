/**
 * `npm test`: the C tests, then unit, integration and end-to-end tests, and one closing line `N passed, N failed`. The integration tests of the
 * native programs run a second time (suite `sanitized`) with programs that carry AddressSanitizer and UndefinedBehaviorSanitizer.
 * Arguments name suites (native, unit, integration, sanitized, e2e) or test files. A pending test counts as failed: what cannot run here has to
 * say so by failing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNative } from './support/native-build.ts';

interface Totals {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
}

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'tsstack-test-'));
/** Where sanitizers write, in which process of a test it may be. */
const reports = join(scratch, 'sanitizer-reports');

interface Suite {
  readonly files: string;
  readonly timeoutMs: number;
  readonly exclude?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const suites: Readonly<Record<string, Suite>> = {
  native: { files: 'test/native/**/*.test.ts', timeoutMs: 20_000 },
  unit: { files: 'test/unit/**/*.test.ts', timeoutMs: 20_000 },
  integration: { files: 'test/integration/**/*.test.ts', timeoutMs: 60_000 },
  sanitized: {
    files: 'test/integration/{box,shim,init,launcher,layer,net,overlay}*.test.ts',
    exclude: 'test/integration/box-{docker,podman,containerd}.test.ts', // they run what is released
    timeoutMs: 120_000,
    env: { TSSTACK_NATIVE_BUILD: 'native/build-asan', ASAN_OPTIONS: `log_path=${join(reports, 'report')}` },
  },
  e2e: { files: 'test/e2e/**/*.test.ts', timeoutMs: 180_000 },
};

/** Tests get a network and mounts of their own: whatever goes wrong in them, the machine's stay as they are. */
const isolation = ['--net', '--mount', '--propagation', 'private', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

function runMocha(name: string, files: readonly string[], { timeoutMs, env }: Omit<Suite, 'files'>): Totals {
  const totalsPath = join(scratch, `${name}.json`);
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const args = ['--disable-warning=ExperimentalWarning', mocha, '--reporter', join(root, 'test/support/reporter.ts')];
  const command = [process.execPath, ...args, '--timeout', String(timeoutMs), '--exit', ...files];
  const { status } = spawnSync('unshare', [...isolation, ...command], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env, TSSTACK_TEST_TOTALS: totalsPath },
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

/** Reports of processes whose end no test looks at count as failures, too. */
function countReports(): number {
  const found = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
  process.stdout.write(found.join('\n'));
  return found.length;
}

function runSuite(name: string): Totals {
  if (name.endsWith('.ts')) return runMocha('files', [name], { timeoutMs: 180_000 });
  const suite = suites[name];
  if (suite === undefined) throw new Error(`there is no suite ${name}; there are ${Object.keys(suites).join(', ')}`);
  if (name === 'sanitized') makeNative('asan');
  const options = suite.exclude === undefined ? { cwd: root } : { cwd: root, exclude: [suite.exclude] };
  const totals = runMocha(name, globSync(suite.files, options).toSorted(), suite);
  return { ...totals, failures: totals.failures + (name === 'sanitized' ? countReports() : 0) };
}

mkdirSync(reports);
const wanted = process.argv.slice(2);
if (wanted.some((name) => name !== 'unit' && name !== 'native') || wanted.length === 0) prepareImages();
let passed = 0;
let failed = 0;
for (const name of wanted.length > 0 ? wanted : Object.keys(suites)) {
  process.stdout.write(`\n# ${name}\n`);
  const totals = runSuite(name);
  passed += totals.passes;
  failed += totals.failures + totals.pending;
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
