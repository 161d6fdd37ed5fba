import type { ScalarValue } from '../tree/node.ts';

const DECIMAL_OR_FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const BOOLEANS = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
]);

/**
 * The value of a plain (unquoted) scalar by the rules of the reference's YAML library: YAML 1.2 core, plus leading-zero octals
 * and `_` separators of 1.1; `yes`, `on`, sexagesimals and dates stay text.
 */
export function resolvePlainScalar(source: string): ScalarValue {
  const first = source.charCodeAt(0);
  const isNumberLike = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46; // 0-9 + - .
  if (isNumberLike) return resolveNumber(source) ?? source;
  if (NULLS.has(source)) return null;
  return BOOLEANS.get(source) ?? source;
}

function resolveNumber(source: string): number | bigint | undefined {
  const text = source.includes('_') ? source.replaceAll('_', '') : source;
  const integer = resolveInteger(text);
  if (integer !== undefined) return integer;
  if (DECIMAL_OR_FLOAT.test(text)) return Number(text);
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^\.(?:nan|NaN|NAN)$/.test(text) ? NaN : undefined;
}

function resolveInteger(text: string): number | bigint | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, octal, binary, decimal] = match;
  const magnitude = BigInt(
    hex !== undefined
      ? `0x${hex}`
      : octal !== undefined
        ? `0o${octal}`
        : binary !== undefined
          ? `0b${binary}`
          : (decimal ?? '0'),
  );
  // Past 64 bits the reference falls back to floating point.
  if (magnitude >= 1n << 64n) return Number(text);
  const value = sign === '-' ? -magnitude : magnitude;
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** A scalar as text, numbers as the reference prints them: `1.50` is 1.5, `1e3` is 1000, exponents from 1e+21 on. */
export function scalarToText(value: ScalarValue): string {
  if (typeof value !== 'number') return value === null ? '' : String(value);
  if (value === 0 || !Number.isFinite(value))
    return Number.isNaN(value) ? 'NaN' : value === 0 ? '0' : value > 0 ? '+Inf' : '-Inf';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 21)
    return String(value).includes('e') ? value.toFixed(20).replace(/0+$/, '') : String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}
