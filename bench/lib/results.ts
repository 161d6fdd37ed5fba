import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Measurement } from './measure.ts';
import { renderTable } from './table.ts';

const directory = join(import.meta.dirname, '../results');

/** Prints the table, and writes all samples to bench/results/NAME.json. */
export function reportResults(
  name: string,
  versions: readonly string[],
  rows: readonly Measurement[],
  peers: readonly string[],
): void {
  const heading = [...versions, `Linux ${release()}, ${availableParallelism()} cores`].join(' | ');
  process.stdout.write(`${heading}\n${renderTable(rows, peers)}\n`);
  const machine = { kernel: release(), cores: availableParallelism(), memoryBytes: totalmem() };
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, `${name}.json`),
    `${JSON.stringify({ at: new Date().toISOString(), versions, machine, rows }, null, 1)}\n`,
  );
}
