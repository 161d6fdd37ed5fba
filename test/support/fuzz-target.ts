import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fuzzCorpus } from './native-build.ts';

const targets = join(import.meta.dirname, '../../native/build-asan/fuzz');

/** One input may take this long; the parsers need microseconds. */
const inputTimeoutS = 10;
/** AddressSanitizer's own memory is most of it. */
const memoryMiB = 2048;

interface FuzzOptions {
  /** It ends after so many inputs, or when the time is over. */
  readonly inputs?: number;
  readonly seconds: number;
  /** Where new inputs (NAME/), findings (NAME-crash-…) and the target's own temporary files go. */
  readonly directory: string;
  /** The same inputs in the same order each time. Default: other ones. */
  readonly seed?: number;
}

interface FuzzResult {
  /** How many inputs were tried. */
  readonly runs: number;
  /** The input that broke it and what the sanitizers said; null = nothing found. */
  readonly finding: { readonly path: string; readonly input: Buffer; readonly report: string } | null;
}

/** Runs a fuzz target of native/fuzz over its corpus and changed inputs. The sanitizer build has to be there. */
export async function runFuzzTarget(
  name: string,
  { inputs, seconds, directory, seed }: FuzzOptions,
): Promise<FuzzResult> {
  const [found, temporary] = [join(directory, name), join(directory, `${name}-tmp`)];
  for (const path of [found, temporary]) mkdirSync(path, { recursive: true });
  const seeds = fuzzCorpus(name);
  const options = [
    `-max_total_time=${seconds}`,
    `-timeout=${inputTimeoutS}`,
    `-rss_limit_mb=${memoryMiB}`,
    `-artifact_prefix=${directory}/${name}-`,
    '-print_final_stats=1',
    ...(inputs === undefined ? [] : [`-runs=${inputs}`]),
    ...(seed === undefined ? [] : [`-seed=${seed}`]),
  ];
  const child = spawn(join(targets, name), [...options, found, ...(existsSync(seeds) ? [seeds] : [])], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
    timeout: (seconds + 120) * 1000,
    killSignal: 'SIGKILL',
  });
  const [report, [code]] = (await Promise.all([text(child.stderr), once(child, 'exit')])) as [string, [number | null]];
  const runs = Number(/number_of_executed_units:\s*(\d+)/.exec(report)?.[1] ?? 0);
  if (code === 0) return { runs, finding: null };
  const file = readdirSync(directory).find((entry) => new RegExp(`^${name}-(crash|leak|timeout|oom)-`).test(entry));
  if (file === undefined) throw new Error(`fuzz target ${name} ended with ${String(code)}:\n${report.slice(-4000)}`);
  const path = join(directory, file);
  return { runs, finding: { path, input: readFileSync(path), report: shorten(report) } };
}

/** Without the lines that only count inputs. */
function shorten(report: string): string {
  return report
    .split('\n')
    .filter((line) => !/^#\d+\s/.test(line))
    .join('\n')
    .slice(0, 8000);
}
