import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Measurement } from './measure.ts';
import { renderTable } from './table.ts';

const directory = join(import.meta.dirname, '../results');

/** A row with when it was measured, and how busy the machine was (runnable processes, mean of a minute). */
type DatedRow = Measurement & { readonly at: string; readonly load: number };

/** Prints the table, and writes all samples to bench/results/NAME.json, where rows of cases that were not run now stay. */
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
  const path = join(directory, `${name}.json`);
  const at = new Date().toISOString();
  const dated = rows.map((row): DatedRow => ({ ...row, at, load: loadavg()[0] ?? 0 }));
  const all = [...rowsOfOthers(path, rows), ...dated];
  writeFileSync(path, `${JSON.stringify({ at, versions, machine, rows: all }, null, 1)}\n`);
}

function rowsOfOthers(path: string, rows: readonly Measurement[]): readonly DatedRow[] {
  if (!existsSync(path)) return [];
  const names = new Set(rows.map(({ name }) => name));
  const earlier = JSON.parse(readFileSync(path, 'utf8')) as { readonly rows: readonly DatedRow[] };
  return earlier.rows.filter(({ name }) => !names.has(name));
}
