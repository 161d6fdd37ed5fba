import { toJSONSchema } from 'zod/mini';
import { ATTRIBUTE_TEXTS } from './attributes/attribute-texts.ts';
import type { AttributeText } from './attributes/attribute-text.ts';
import { stackFile } from './stack-file.ts';
import { WRITTEN_SCALARS, type WrittenScalar } from './written-scalars.ts';

/** The parts of JSON Schema 2020-12 that occur in ours. */
export interface JsonSchema {
  $schema?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  properties?: Record<string, JsonSchema>;
  patternProperties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  required?: string[];
}

/** Text with a variable: what it becomes is known when the file is loaded. */
const EXPRESSION = String.raw`\$`;

/** JSON Schema of what may be written, with nothing but what zod makes of the loader's schema. */
export function writtenSchema(): JsonSchema {
  const made = toJSONSchema(stackFile, {
    target: 'draft-2020-12',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const written = WRITTEN_SCALARS.get(zodSchema);
      if (written === undefined) return;
      delete jsonSchema.type;
      Object.assign(jsonSchema, schemaOfScalar(written));
    },
  });
  // What zod shares between places becomes one copy for each: they differ in what is said of them.
  return JSON.parse(JSON.stringify(made)) as JsonSchema;
}

/**
 * The JSON Schema of a stack file before its variables are replaced, for editors: made of the schema that the loader checks
 * with, so that both accept the same.
 */
export function stackFileJsonSchema(): JsonSchema {
  const { $schema, ...root } = writtenSchema();
  const title = 'tsstack stack file';
  const description = 'Services and what they need, as the Compose Specification has it.';
  return { ...($schema === undefined ? {} : { $schema }), title, description, ...complete(root, []) };
}

function schemaOfScalar({ text, other }: WrittenScalar): JsonSchema {
  const ofText = { type: 'string', pattern: `^(${text})$` };
  return other === null ? ofText : { anyOf: [other, ofText] };
}

/** Adds what the loader takes anywhere: variables, `x-` keys, keys without a value; and what the table says of each key. */
function complete(schema: JsonSchema, path: readonly string[]): JsonSchema {
  if (schema.enum !== undefined || schema.const !== undefined) return { anyOf: [schema, expression()] };
  if (schema.pattern !== undefined) return { ...schema, pattern: `${schema.pattern}|${EXPRESSION}` };
  const result: JsonSchema = { ...schema };
  if (schema.anyOf !== undefined) result.anyOf = schema.anyOf.map((option) => complete(option, path));
  if (schema.items !== undefined) result.items = complete(schema.items, [...path, '*']);
  if (typeof schema.additionalProperties === 'object')
    result.additionalProperties = complete(schema.additionalProperties, [...path, '*']);
  if (schema.properties !== undefined) {
    result.properties = completeProperties(schema.properties, path);
    result.patternProperties = { '^x-': {} };
  }
  return result;
}

function completeProperties(
  properties: Readonly<Record<string, JsonSchema>>,
  path: readonly string[],
): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => {
      const here = [...path, key];
      return [key, { ...describe(ATTRIBUTE_TEXTS[here.join('.')]), ...orNothing(complete(value, here)) }];
    }),
  );
}

function describe(text: AttributeText | undefined): JsonSchema {
  if (text === undefined) return {};
  return { description: text.default === undefined ? text.effect : `${text.effect} Default: ${text.default}.` };
}

/** A key without a value is as good as none. */
function orNothing(schema: JsonSchema): JsonSchema {
  if (schema.anyOf !== undefined) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  return schema.type === undefined ? schema : { ...schema, type: [schema.type, 'null'].flat() };
}

function expression(): JsonSchema {
  return { type: 'string', pattern: EXPRESSION };
}
