import { durationToMs, parseBytes } from '../units.ts';
import { invalid } from './errors.ts';

/** Whole milliseconds of a duration, a part of one rounded up; null when there is none. */
export function durationMs(text: string | undefined): number | null {
  return text === undefined ? null : Math.ceil(durationToMs(text));
}

/** A size in bytes, or null when there is none. */
export function bytes(where: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const size = parseBytes(text);
  if (size === undefined) throw invalid(where, `"${text}" is no size; write it as 64m or 1.5g`);
  return Number(size);
}

/** As bytes(), where the specification says that 0 means "not set". */
export function bytesOrUnset(where: string, text: string | undefined): number | null {
  const size = bytes(where, text);
  return size === 0 ? null : size;
}

/** A number of which 0 means "not set". */
export function numberOrUnset(value: number | undefined): number | null {
  return value === undefined || value === 0 ? null : value;
}

/** A user or group id of a grant. */
export function idNumber(where: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d+$/.test(text)) throw invalid(where, `"${text}" is no id; secrets and configs take numbers`);
  return Number(text);
}

/** A file mode written in octal digits. */
export function octalMode(where: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  if (!/^(0o?)?[0-7]{1,4}$/.test(text)) throw invalid(where, `"${text}" is no file mode; write it as "0440"`);
  return Number.parseInt(text.replace(/^0o/, ''), 8);
}
