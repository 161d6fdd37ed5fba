/** Decimal text of a byte size: `1.5 GB`, `64m`, `1024`; units are powers of 1024. Undefined when it is none. */
export function parseBytes(text: string): bigint | undefined {
  const match = /^\s*(-?)(\d+(?:\.\d*)?|\.\d+) ?([a-zA-Z]*)\s*$/.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = '', unit = ''] = match;
  const power = BYTE_UNITS.get(unit.toLowerCase());
  if (power === undefined) return undefined;
  const factor = 1024 ** power;
  const size = digits.includes('.') ? BigInt(Math.trunc(Number(digits) * factor)) : BigInt(digits) * BigInt(factor);
  return sign === '-' ? -size : size;
}

const BYTE_UNITS = new Map<string, number>([
  ['', 0],
  ['b', 0],
]);
for (const [index, letter] of ['k', 'm', 'g', 't', 'p'].entries()) {
  for (const suffix of ['', 'b', 'ib']) BYTE_UNITS.set(letter + suffix, index + 1);
}

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // micro sign
  μs: 1_000n, // Greek mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};

/** Nanoseconds of a duration such as `1h30m`, `1.5s`, `250us`. Undefined when it is none; a bare number is none. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^\s*([-+]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+)\s*$/.exec(text);
  if (match === null) return text.trim() === '0' ? 0n : undefined;
  let total = 0n;
  for (const [, digits = '', unit = ''] of (match[2] ?? '').matchAll(/(\d+(?:\.\d*)?|\.\d+)([a-zµμ]+)/g)) {
    total += scale(digits, NANOSECONDS[unit] ?? 0n);
  }
  return match[1] === '-' ? -total : total;
}

/** Milliseconds of a duration of the canonical model; fractions of a millisecond are kept. */
export function durationToMs(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined) throw new RangeError(`not a duration: ${text}`);
  return Number(nanoseconds) / 1e6;
}

/** The one way to write a duration: `1h30m0s`, `1.5s`, `500ms`, `250µs`. */
export function formatDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const value = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (value === 0n) return '0s';
  if (value < 1_000n) return `${sign}${value}ns`;
  if (value < 1_000_000n) return `${sign}${decimal(value, 1_000n)}µs`;
  if (value < 1_000_000_000n) return `${sign}${decimal(value, 1_000_000n)}ms`;
  const hours = value / 3_600_000_000_000n;
  const minutes = (value / 60_000_000_000n) % 60n;
  const seconds = `${decimal(value % 60_000_000_000n, 1_000_000_000n)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function scale(digits: string, unit: bigint): bigint {
  const [whole = '', fraction = ''] = digits.split('.');
  const exact = BigInt(whole === '' ? '0' : whole) * unit;
  return fraction === '' ? exact : exact + (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length);
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`;
}
