import * as z from 'zod/mini';
import { maxReplicas } from '../../model/deploy-spec.ts';
import { formatDuration, parseBytes, parseDuration } from '../units.ts';
import { scalarToText } from '../yaml/resolve-scalar.ts';

/**
 * Scalars of a stack file. Each takes what may be written, text included where `${VAR}` can fill a number or a boolean, and
 * gives the canonical value. The error text says what was expected.
 */

type Payload = Parameters<Parameters<typeof z.transform>[0]>[1];

/** A schema of text or numbers whose value `convert` gives; undefined = not acceptable. */
function converted<T>(expected: string, convert: (value: string | number) => T | undefined) {
  return z.pipe(
    z.union([z.string(), z.number()], { error: expected }),
    z.transform((value: string | number, payload: Payload): T => {
      const result = convert(value);
      if (result !== undefined) return result;
      payload.issues.push({ code: 'custom', message: expected, input: value });
      return z.NEVER;
    }),
  );
}

export const text = z.string({ error: 'text' });

/** Text that may be written as a number. */
export const textOrNumber = converted('text or a number', scalarToText);

export const textOrNumberOrBoolean = z.pipe(
  z.union([z.string(), z.number(), z.boolean()], { error: 'text, a number or a boolean' }),
  z.transform((value: string | number | boolean) => scalarToText(value)),
);

/** A value of a mapping such as `labels`: null is empty. */
export const labelValue = z.pipe(
  z.union([z.string(), z.number(), z.boolean(), z.null()], { error: 'text, a number or a boolean' }),
  z.transform((value: string | number | boolean | null) => scalarToText(value)),
);

/** A value of a mapping such as `environment`: null means "inherit". */
export const inheritableValue = z.pipe(
  z.union([z.string(), z.number(), z.boolean(), z.null()], { error: 'text, a number or a boolean' }),
  z.transform((value) => (value === null ? null : scalarToText(value))),
);

export const anyInteger = converted('a whole number', toInteger);

export const nonNegativeInteger = converted('a whole number that is not negative', (value) => {
  const number = toInteger(value);
  return number === undefined || number < 0 ? undefined : number;
});

/** A limit where -1 means "none". */
export const integerOrUnlimited = converted('a whole number, or -1 for no limit', (value) => {
  const number = toInteger(value);
  return number === undefined || number < -1 ? undefined : number;
});

/** A whole number between two bounds, both included. */
export function integerBetween(low: number, high: number) {
  return converted(`a whole number from ${low} to ${high}`, (value) => {
    const number = toInteger(value);
    return number === undefined || number < low || number > high ? undefined : number;
  });
}

/** How many containers a service has. */
export const replicaCount = integerBetween(0, maxReplicas);

export const nonNegativeNumber = converted('a number that is not negative', (value) => {
  const number =
    typeof value === 'number' ? value : /^\s*\+?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value) ? Number(value) : NaN;
  return number >= 0 ? number : undefined;
});

const TRUTHS: Readonly<Record<string, boolean>> = {
  true: true,
  y: true,
  yes: true,
  on: true,
  false: false,
  n: false,
  no: false,
  off: false,
};

/** A boolean; `yes`, `on` and the like are taken too, with a warning (src/stack/canonicalise.ts). */
export const flag = z.pipe(
  z.union([z.boolean(), z.string()], { error: 'true or false' }),
  z.transform((value: boolean | string, payload: Payload): boolean => {
    const result = typeof value === 'boolean' ? value : TRUTHS[value.toLowerCase()];
    if (result !== undefined) return result;
    payload.issues.push({ code: 'custom', message: 'true or false', input: value });
    return z.NEVER;
  }),
);

/** A boolean that must be written as one. */
export const strictFlag = z.boolean({ error: 'true or false' });

export const byteSize = converted('a size such as 512m or 1.5gb', toByteSize);

export const byteSizeOrUnlimited = converted('a size such as 1g, or -1 for no limit', (value) =>
  String(value).trim() === '-1' ? '-1' : toByteSize(value),
);

export const duration = z.pipe(
  z.string({ error: 'a duration with its unit, such as 10s or 1m30s' }),
  z.transform((value: string, payload: Payload): string => {
    const nanoseconds = parseDuration(value);
    if (nanoseconds !== undefined && !value.trimStart().startsWith('-')) return formatDuration(nanoseconds);
    payload.issues.push({ code: 'custom', message: 'a duration with its unit, such as 10s or 1m30s', input: value });
    return z.NEVER;
  }),
);

/** `cpu_rt_*`: microseconds, or a duration. */
export const microseconds = converted('microseconds, or a duration such as 950ms', (value) => {
  const whole = toInteger(value);
  if (whole !== undefined) return whole;
  const nanoseconds = parseDuration(String(value));
  return nanoseconds === undefined ? undefined : Number(nanoseconds / 1000n);
});

/** Permissions as octal text: a number is taken as it is, text is read as octal. */
export const fileMode = converted('permissions in octal, such as 0440', (value) => {
  const mode = toMode(value);
  return mode === undefined ? undefined : `0${mode.toString(8)}`;
});

/** Permissions as a number. */
export const mountMode = converted('permissions in octal, such as 01777', toMode);

/** A GPU count: `all` is -1. */
export const deviceCount = converted('a whole number, or all', (value) => (value === 'all' ? -1 : toInteger(value)));

/** One of several words. */
export function oneOf<const T extends readonly string[]>(words: T) {
  return z.enum(words, { error: `one of ${words.join(', ')}` });
}

/** Text of a given shape. */
export function matching(pattern: RegExp, expected: string) {
  return z.string({ error: expected }).check(z.regex(pattern, { error: expected }));
}

function toInteger(value: string | number): number | undefined {
  const number = typeof value === 'number' ? value : /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Decimal text of a size; below zero there is none, not even one that would be rounded to zero. */
function toByteSize(value: string | number): string | undefined {
  const text = String(value);
  return text.trimStart().startsWith('-') ? undefined : parseBytes(text)?.toString();
}

function toMode(value: string | number): number | undefined {
  const mode =
    typeof value === 'number' ? value : /^(0o)?[0-7]+$/.test(value) ? parseInt(value.replace('0o', ''), 8) : NaN;
  return Number.isInteger(mode) && mode >= 0 && mode <= 0o7777 ? mode : undefined;
}
