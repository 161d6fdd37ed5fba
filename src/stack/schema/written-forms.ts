import type { JsonSchema } from './json-schema.ts';
import { WRITTEN_SCALARS } from './written-scalars.ts';

const NAMES = new Map(Array.from(WRITTEN_SCALARS.values(), ({ name, text }) => [`^(${text})$`, name]));

/** How each attribute may be written, for people, by its path: `text or list of text`. */
export function writtenForms(root: JsonSchema): ReadonlyMap<string, string> {
  const forms = new Map<string, string>();
  visit(root, [], forms);
  return forms;
}

function visit(schema: JsonSchema, path: readonly string[], forms: Map<string, string>): void {
  for (const option of schema.anyOf ?? []) visit(option, path, forms);
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    forms.set([...path, key].join('.'), describe(value));
    visit(value, [...path, key], forms);
  }
  if (schema.items !== undefined) visit(schema.items, [...path, '*'], forms);
  if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, [...path, '*'], forms);
}

function describe(schema: JsonSchema): string {
  return [...new Set(alternatives(schema))].join(' or ');
}

/** Nothing is allowed everywhere, and so is not said. */
function alternatives(schema: JsonSchema): readonly string[] {
  const { anyOf = [schema], items } = schema;
  const name = anyOf.map(({ pattern }) => NAMES.get(pattern ?? '')).find((candidate) => candidate !== undefined);
  if (name !== undefined) return [name];
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(alternatives);
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values !== undefined) return [values.map((value) => `\`${String(value)}\``).join(', ')];
  if (items !== undefined)
    return [
      `list of ${alternatives(items)
        .map((item) => PLURALS[item] ?? item)
        .join(' or ')}`,
    ];
  return [schema.type ?? 'anything'].flat().flatMap((type) => TYPES[type] ?? [type]);
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  string: ['text'],
  boolean: ['true or false'],
  object: ['mapping'],
  null: [],
};

const PLURALS: Readonly<Record<string, string>> = { mapping: 'mappings', number: 'numbers' };
