/** More is better for what is per second and for parts (%) only. */
export type Unit =
  | 'ms'
  | 'MiB'
  | 'KiB'
  | 'MB/s'
  | 'cores'
  | 'wake-ups'
  | 'µs/task'
  | 'messages/task'
  | 'bytes/task'
  | 'sessions'
  | 'placements/s'
  | 'µs'
  | 'packets'
  | 'requests'
  | '%';

/** One row of the table: the same thing done by each engine. */
export interface Measurement {
  readonly name: string;
  readonly unit: Unit;
  /** Target of the project for tsstack, in the unit; null = none set. */
  readonly target: number | null;
  /** The same as part of what the first peer takes. */
  readonly ratioTarget: number | null;
  /** All samples by engine. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** Middle value; the mean of the two middle ones for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Collects samples of one row, engine after engine. */
export class Recorder {
  readonly #rows = new Map<string, Omit<Measurement, 'name' | 'samples'> & { samples: Record<string, number[]> }>();

  add(name: string, unit: Unit, target: number | null, engine: string, sample: number, ratioTarget?: number): void {
    const row = this.#rows.get(name) ?? { unit, target, ratioTarget: ratioTarget ?? null, samples: {} };
    (row.samples[engine] ??= []).push(sample);
    this.#rows.set(name, row);
  }

  measurements(): readonly Measurement[] {
    return [...this.#rows].map(([name, row]) => ({ name, ...row }));
  }
}
