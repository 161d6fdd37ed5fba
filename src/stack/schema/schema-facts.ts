/** What a schema says of the values that it takes. */
import { safeParse, type core } from 'zod/mini';
import type { Schema } from './form.ts';

/** The outcome of a check. */
interface Checked {
  readonly success: boolean;
  /** As the schema gives it; undefined when it does not take it. */
  readonly value: unknown;
  /** What the schema takes instead; empty when all is well. */
  readonly expected: string;
}

const required = new WeakMap<Schema, readonly string[]>();

/** Checks a single value. */
export function check(schema: Schema, input: unknown): Checked {
  const result = safeParse(schema, input);
  if (result.success) return { success: true, value: result.data, expected: '' };
  return { success: false, value: undefined, expected: result.error.issues[0]?.message ?? 'another value' };
}

/** The words of a schema that takes one of several. */
export function wordsOf(schema: Schema): readonly string[] {
  const { def } = (schema as core.$ZodTypes)._zod;
  return def.type === 'enum' ? Object.values(def.entries).map(String) : [];
}

/** Keys that a mapping of that shape cannot do without. */
export function requiredKeys(schema: Schema, shape: Readonly<Record<string, Schema>>): readonly string[] {
  let keys = required.get(schema);
  if (keys === undefined) {
    keys = Object.keys(shape).filter((key) => (shape[key] as core.$ZodTypes)._zod.def.type !== 'optional');
    required.set(schema, keys);
  }
  return keys;
}

/** Keys that a definition cannot do without, even where it may be empty by its form. */
export function keysNeededBy(schema: Schema): readonly string[] {
  const { def } = (schema as core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'nullable') return keysNeededBy(def.innerType);
  return def.type === 'object' ? requiredKeys(schema, def.shape) : [];
}

/** Keys of the mapping that a schema describes, if it does. */
export function keysOf(schema: Schema | undefined): readonly string[] {
  if (schema === undefined) return [];
  const { def } = (schema as core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'nullable') return keysOf(def.innerType);
  if (def.type === 'union') return def.options.flatMap(keysOf);
  return def.type === 'object' ? Object.keys(def.shape) : [];
}

/** Whether a schema describes a mapping or a list. */
export function isCollection(schema: Schema): boolean {
  return ['object', 'record', 'array'].includes((schema as core.$ZodTypes)._zod.def.type);
}
