import { UsageError } from '../errors.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds since the epoch of `--since` and `--until`: an RFC 3339 time (also without seconds or zone, or only a date), seconds since the epoch
 * with fractions, or a span back from now such as `1h30m`.
 */
export function readTime(flag: string, text: string, now: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const spans = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (spans.length > 0 && spans.map(([whole]) => whole).join('') === text) {
    return now - spans.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
  }
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(
    `invalid time "${text}" for ${flag}`,
    'write 2026-11-21T04:00:00Z, seconds since the epoch, or a span such as 10m',
  );
}
