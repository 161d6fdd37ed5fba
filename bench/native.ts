/**
 * `npm run bench:native`: the box beside runc, and crun where the host lets it run, called as engines call them; the same through the shim, in
 * process; and what a shim costs. Prints medians, ratios and targets, and writes everything to bench/results/native.json.
 * TSSTACK_BENCH_REPEAT sets the rounds (default 5).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNative } from '../test/support/native-build.ts';
import { isInside, runInside } from './lib/inside.ts';
import { Recorder } from './lib/measure.ts';
import { reportResults } from './lib/results.ts';
import { findRuntimes, measureCycles, measureExecs, rootsOf } from './native/runtimes.ts';
import { measureShim } from './native/shim.ts';

async function main(): Promise<void> {
  makeNative('bench');
  const rounds = Number(process.env['TSSTACK_BENCH_REPEAT'] ?? 5);
  const scratch = mkdtempSync(join(tmpdir(), 'tsstack-bench-'));
  const recorder = new Recorder();
  // As /run, where engines have runtimes keep their state, and we our bundles.
  mkdirSync(rootsOf(scratch));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', rootsOf(scratch)]);
  try {
    const runtimes = findRuntimes(scratch);
    measureCycles(runtimes, scratch, rounds, recorder);
    measureExecs(runtimes, scratch, rounds, recorder);
    await measureShim(rootsOf(scratch), rounds, recorder);
    const peers = runtimes.slice(1).map(({ name }) => name);
    reportResults(
      'native',
      runtimes.map(({ version }) => version),
      recorder.measurements(),
      peers,
    );
  } finally {
    execFileSync('umount', [rootsOf(scratch)]);
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (!isInside()) runInside();
await main();
