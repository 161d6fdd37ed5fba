import { median, type Measurement } from './measure.ts';

const ours = 'tsstack';

/** Small numbers with two digits after the point, where the unit is not a count. */
function format(row: Measurement, value: number): string {
  const digits = row.unit === 'MiB' || (value < 20 && row.unit !== 'wake-ups') ? 2 : 0;
  return `${value.toFixed(digits)} ${row.unit}`;
}

function cell(row: Measurement, engine: string): string {
  const samples = row.samples[engine];
  return samples === undefined ? '-' : format(row, median(samples));
}

/** tsstack's median by the other's: below 1 is better for times and sizes, above 1 for rates. NaN without either. */
function ratio(row: Measurement, other: string | undefined): number {
  return median(row.samples[ours] ?? []) / median(row.samples[other ?? ''] ?? []);
}

function ratioCell(row: Measurement, peer: string): string {
  const value = ratio(row, peer);
  return Number.isNaN(value) ? '-' : value.toFixed(2);
}

function judge(value: number, target: number | null, atLeast: boolean, suffix: string): readonly string[] {
  if (target === null || Number.isNaN(value)) return [];
  const isReached = atLeast ? value >= target : value <= target;
  return [`${atLeast ? '>=' : '<='} ${target}${suffix} ${isReached ? 'reached' : 'MISSED'}`];
}

function verdict(row: Measurement, peer: string | undefined): string {
  const atLeast = row.unit.endsWith('/s') || row.unit === '%';
  const verdicts = [
    ...judge(median(row.samples[ours] ?? []), row.target, atLeast, ''),
    ...judge(ratio(row, peer), row.ratioTarget, atLeast, ` of ${peer ?? ''}`),
  ];
  return verdicts.length === 0 ? '-' : verdicts.join(', ');
}

/** The measurements as a text table with medians, each peer's with the ratio to it, and the targets. */
export function renderTable(rows: readonly Measurement[], peers: readonly string[]): string {
  const header = ['', ours, ...peers.flatMap((peer) => [peer, 'ratio']), 'target'];
  const lines = rows.map((row) => [
    row.name,
    cell(row, ours),
    ...peers.flatMap((peer) => [cell(row, peer), ratioCell(row, peer)]),
    verdict(row, peers[0]),
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
