/** Which files are tested how, and in which order. */
import { globSync } from 'node:fs';
import { join } from 'node:path';

/** Further variables for a process whose own directory is the argument. */
type Environment = (directory: string) => Readonly<Record<string, string>>;

interface Suite {
  readonly files: string;
  readonly exclude?: readonly string[];
  readonly env?: Environment;
  /** All files in one process: they are many and quick, and most of the time of one would go into its start. */
  readonly isOneJob?: true;
}

const suites: Readonly<Record<string, Suite>> = {
  native: { files: 'test/native/**/*.test.ts', isOneJob: true },
  unit: { files: 'test/unit/**/*.test.ts', isOneJob: true },
  integration: { files: 'test/integration/**/*.test.ts' },
  sanitized: {
    files: 'test/integration/{box,shim,init,launcher,layer,net,overlay}*.test.ts',
    exclude: ['test/integration/box-{docker,podman,containerd}.test.ts'], // they run what is released
    env: (directory) => ({
      TSSTACK_NATIVE_BUILD: 'native/build-asan',
      ASAN_OPTIONS: `log_path=${join(directory, 'report')}`,
    }),
  },
  e2e: { files: 'test/e2e/**/*.test.ts' },
};

/** They count what the whole machine has, or measure promises in seconds. */
const alone: ReadonlySet<string> = new Set([
  'test/integration/leaks.test.ts',
  'test/integration/etcd-leadership.test.ts',
  'test/integration/several-managers.test.ts',
]);

/** What takes more than 20 s comes first, so that no lane is left with it at the end. */
const slow: readonly string[] = [
  'test/e2e/cgroup-v2.test.ts',
  'test/e2e/managers.test.ts',
  'test/native/c-tests.test.ts',
  'test/integration/faults-shim.test.ts',
  'test/e2e/cluster-cut.test.ts',
  'test/integration/fuzz.test.ts',
  'test/integration/faults-net.test.ts',
  'test/integration/faults-box.test.ts',
  'test/e2e/verbs.test.ts',
];

/**
 * No job takes half of this; one that hangs where mocha cannot see it ends by it. The limits of three emulated machines fit into it (20 min
 * each): it is for them to say what hung.
 */
const suiteDeadlineMs = 3_900_000;

/** What one process tests. */
export interface Job {
  readonly suite: string;
  readonly files: readonly string[];
  readonly env: Environment;
  /** null = for as long as the tests in it want: who names a file may have asked for hours of fuzzing. */
  readonly deadlineMs: number | null;
  /** Nothing else is tested meanwhile. */
  readonly isAlone: boolean;
}

function rank({ files }: Job): number {
  const place = slow.findIndex((file) => files.includes(file));
  return place < 0 ? slow.length : place;
}

/** The jobs of suites (native, unit, integration, sanitized, e2e) or of test files; of everything when none is named. Those that are alone are first. */
export function planJobs(root: string, wanted: readonly string[]): readonly Job[] {
  const names = wanted.length > 0 ? wanted : Object.keys(suites);
  const jobs = names.flatMap((name) => (name.endsWith('.ts') ? [fileJob(name)] : suiteJobs(root, name)));
  return jobs.toSorted((a, b) => Number(b.isAlone) - Number(a.isAlone) || rank(a) - rank(b));
}

const noVariables: Environment = () => ({});

function fileJob(file: string): Job {
  return { suite: 'file', files: [file], env: noVariables, deadlineMs: null, isAlone: false };
}

function suiteJobs(root: string, suite: string): readonly Job[] {
  const found = suites[suite];
  if (found === undefined) throw new Error(`there is no suite ${suite}; there are ${Object.keys(suites).join(', ')}`);
  const { env = noVariables, isOneJob, exclude = [] } = found;
  const files = globSync(found.files, { cwd: root, exclude }).toSorted();
  const parts = isOneJob ? [files] : files.map((file) => [file]);
  return parts.map((part) => ({
    suite,
    files: part,
    env,
    deadlineMs: suiteDeadlineMs,
    isAlone: part.some((file) => alone.has(file)),
  }));
}
