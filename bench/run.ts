/**
 * `npm run bench [CASE…]`: tsstack beside Debian's docker and compose, in one run on the same machine, in network and mount namespaces of the bench's own.
 * Prints medians, ratios and targets, and writes everything to bench/results/. TSSTACK_BENCH_REPEAT sets the rounds (default 5).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigImage, busyboxImage } from '../test/fixtures/images.ts';
import { startRegistry } from '../test/fixtures/registry.ts';
import type { Case } from './cases/case.ts';
import { lifecycle } from './cases/lifecycle.ts';
import { logs } from './cases/logs.ts';
import { memory } from './cases/memory.ts';
import { pull } from './cases/pull.ts';
import { runOnce } from './cases/run-once.ts';
import { dockerEngine, hasDocker } from './engines/docker.ts';
import type { Engine } from './engines/engine.ts';
import { tsstackEngine } from './engines/tsstack.ts';
import { isInside, runInside } from './lib/inside.ts';
import { Recorder } from './lib/measure.ts';
import { reportResults } from './lib/results.ts';

const cases: readonly Case[] = [lifecycle, runOnce, memory, logs, pull];

/** Images are made of packages from the mirrors, which the inner program cannot reach. */
async function prepareImages(): Promise<void> {
  await busyboxImage();
  await bigImage();
}

async function measureEngine(
  engine: Engine,
  wanted: readonly Case[],
  scratch: string,
  recorder: Recorder,
): Promise<string> {
  const registry = await startRegistry();
  await engine.start();
  try {
    const busybox = await busyboxImage();
    await engine.load(busybox.dockerArchive);
    const bigReference = await registry.push(await bigImage());
    const repeat = Number(process.env['TSSTACK_BENCH_REPEAT'] ?? 5);
    const directory = join(scratch, `stacks-${engine.name}`);
    mkdirSync(directory, { recursive: true });
    for (const one of wanted) {
      process.stderr.write(`${engine.name}: ${one.name}\n`);
      try {
        await one.run({ engine, directory, image: busybox.reference, repeat, recorder, bigReference });
      } catch (error) {
        if (engine.name === 'tsstack') throw error;
        // A peer that trips (compose 1 sometimes finds a network in use) takes nothing of what was measured with it.
        process.stderr.write(`${engine.name}: ${one.name} was broken off: ${String(error)}\n`);
      }
    }
    return await engine.describe();
  } finally {
    await engine.stop();
    await registry.stop();
  }
}

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  const wanted = cases.filter(({ name }) => names.length === 0 || names.includes(name));
  if (wanted.length === 0)
    throw new Error(`there is no such case; there are ${cases.map(({ name }) => name).join(', ')}`);
  const scratch = mkdtempSync(join(tmpdir(), 'tsstack-bench-'));
  const recorder = new Recorder();
  const engines = [
    tsstackEngine(join(scratch, 'tsstack')),
    ...(hasDocker() ? [dockerEngine(join(scratch, 'docker'))] : []),
  ];
  const versions: string[] = [];
  try {
    for (const engine of engines) versions.push(await measureEngine(engine, wanted, scratch, recorder));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const peers = engines.slice(1).map(({ name }) => name);
  reportResults('latest', versions, recorder.measurements(), peers);
}

if (!isInside()) {
  await prepareImages();
  runInside();
}
await main();
