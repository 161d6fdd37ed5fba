import { median, type Measurement } from './measure.ts';

const digits = { ms: 0, MiB: 2, 'MB/s': 0 } as const;

function cell(row: Measurement, engine: string): string {
  const samples = row.samples[engine];
  return samples === undefined ? '-' : `${median(samples).toFixed(digits[row.unit])} ${row.unit}`;
}

/** tsstack's median by the other's: below 1 is better for times and sizes, above 1 for rates. */
function ratio(row: Measurement, other: string | undefined): string {
  const ours = row.samples['tsstack'];
  const theirs = other === undefined ? undefined : row.samples[other];
  return ours === undefined || theirs === undefined ? '-' : (median(ours) / median(theirs)).toFixed(2);
}

function verdict(row: Measurement): string {
  const ours = row.samples['tsstack'];
  if (row.target === null || ours === undefined) return '-';
  const value = median(ours);
  const reached = row.unit === 'MB/s' ? value >= row.target : value <= row.target;
  return `${row.unit === 'MB/s' ? '>=' : '<='} ${row.target} ${reached ? 'reached' : 'MISSED'}`;
}

/** The measurements as a text table with medians, the ratio and the target. */
export function renderTable(rows: readonly Measurement[], peer: string | undefined): string {
  const header = ['', 'tsstack', peer ?? 'no docker here', 'ratio', 'target'];
  const lines = rows.map((row) => [
    row.name,
    cell(row, 'tsstack'),
    peer === undefined ? '-' : cell(row, peer),
    ratio(row, peer),
    verdict(row),
  ]);
  const all = [header, ...lines];
  const widths = header.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
