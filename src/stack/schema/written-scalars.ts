import { maxReplicas } from '../../model/deploy-spec.ts';
import type { Schema } from './form.ts';
import {
  anyInteger,
  byteSize,
  byteSizeOrUnlimited,
  deviceCount,
  duration,
  fileMode,
  flag,
  integerOrUnlimited,
  microseconds,
  mountMode,
  nonNegativeInteger,
  nonNegativeNumber,
  replicaCount,
} from './scalars.ts';

/** How a scalar may be written: as text of this shape, or as another JSON type. */
export interface WrittenScalar {
  /** For docs/attributes.md. */
  readonly name: string;
  /** Source of a regular expression without flags. */
  readonly text: string;
  /** JSON Schema of what is not text. */
  readonly other: Readonly<Record<string, unknown>> | null;
}

const BYTES = String.raw`(\d+(\.\d*)?|\.\d+) ?([bB]|[kKmMgGtTpP]([iI]?[bB])?)?`;
const DURATION = String.raw`((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w))+`;
const FLAGS = ['true', 'yes', 'on', 'y', 'false', 'no', 'off', 'n'].map(inAnyCase).join('|');
const OCTAL = String.raw`(0o)?0*[0-7]{1,4}`;
const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * The scalars whose text a conversion reads: JSON Schema cannot see into code. A property test compares each with the schema
 * itself.
 */
export const WRITTEN_SCALARS: ReadonlyMap<Schema, WrittenScalar> = new Map<Schema, WrittenScalar>([
  [flag, { name: 'true or false', text: FLAGS, other: { type: 'boolean' } }],
  [anyInteger, { name: 'integer', text: spaced(String.raw`[-+]?\d+`), other: integer(-LARGEST) }],
  [nonNegativeInteger, { name: 'integer', text: spaced(String.raw`\+?\d+|-0+`), other: integer(0) }],
  [
    replicaCount,
    {
      name: 'integer',
      text: spaced(String.raw`\+?0*(\d{1,5}|${maxReplicas})|-0+`),
      other: { ...integer(0), maximum: maxReplicas },
    },
  ],
  [integerOrUnlimited, { name: 'integer or -1', text: spaced(String.raw`\+?\d+|-0*1|-0+`), other: integer(-1) }],
  [
    nonNegativeNumber,
    {
      name: 'number',
      text: spaced(String.raw`\+?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?`),
      other: { type: 'number', minimum: 0 },
    },
  ],
  [byteSize, { name: 'size', text: spaced(BYTES), other: { type: 'number', minimum: 0 } }],
  [
    byteSizeOrUnlimited,
    {
      name: 'size or -1',
      text: spaced(`${BYTES}|-1`),
      other: { anyOf: [{ type: 'number', minimum: 0 }, { const: -1 }] },
    },
  ],
  [duration, { name: 'duration', text: spaced(String.raw`0|\+?${DURATION}`), other: null }],
  [
    microseconds,
    { name: 'microseconds or duration', text: spaced(String.raw`[-+]?\d+|[-+]?${DURATION}`), other: integer(-LARGEST) },
  ],
  [fileMode, { name: 'octal mode', text: OCTAL, other: { ...integer(0), maximum: 0o7777 } }],
  [mountMode, { name: 'octal mode', text: OCTAL, other: { ...integer(0), maximum: 0o7777 } }],
  [deviceCount, { name: 'integer or all', text: String.raw`all|\s*[-+]?\d+\s*`, other: integer(-LARGEST) }],
]);

function integer(minimum: number): Readonly<Record<string, unknown>> {
  return { type: 'integer', minimum, maximum: LARGEST };
}

function spaced(pattern: string): string {
  return String.raw`\s*(${pattern})\s*`;
}

/** JSON Schema has no flag for it: `on` is `[oO][nN]`. */
function inAnyCase(word: string): string {
  return word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
