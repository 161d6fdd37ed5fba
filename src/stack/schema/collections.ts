import * as z from 'zod/mini';
import { listNode, mapNode, scalarNode, type MapEntry, type Node } from '../tree/node.ts';
import { describeNode, isExpression, withForm, type FormContext, type Schema } from './form.ts';
import { inheritableValue, labelValue, text, textOrNumber } from './scalars.ts';

/** A mapping with these keys, and `x-` keys, which every mapping may have. All keys are optional but those named. */
export function object<const S extends Readonly<Record<string, Schema>>, R extends keyof S & string = never>(
  shape: S,
  required: readonly R[] = [],
) {
  const full: Record<string, Schema> = {};
  const isRequired = new Set<string>(required);
  for (const [key, schema] of Object.entries(shape)) full[key] = isRequired.has(key) ? schema : optionalOf(schema);
  return z.strictObject(full as { [K in keyof S]: K extends R ? S[K] : z.ZodMiniOptional<S[K]> });
}

/** One wrapper per schema: making a zod schema costs some 15 µs, and most attributes share a few of them. */
function optionalOf(schema: Schema): Schema {
  let optional = optionals.get(schema);
  if (optional === undefined) optionals.set(schema, (optional = z.optional(schema)));
  return optional;
}

const optionals = new WeakMap<Schema, Schema>();

/** Names of services, networks, volumes, secrets, configs and models. */
const resourceName = z
  .string()
  .check(z.regex(/^[a-zA-Z0-9._-]+$/, { error: 'names are made of letters, digits, dot, dash and underscore' }));

/** A mapping from the names of a file to definitions; a definition may be empty. */
export function named(definition: Schema) {
  return z.record(resourceName, z.nullable(definition));
}

export function list(item: Schema) {
  return z.array(item);
}

/** A list; a single item may stand without one. */
export function oneOrMany(item: Schema) {
  return withForm(z.union([item, z.array(item)]), (node, context) => {
    if (node.kind === 'list') return context.walk(node, z.array(item));
    if (node.kind === 'map' || node.value === null || isExpression(node, context))
      return context.walk(node, z.array(item));
    return listNode([context.walk(node, item)], node, node.tag);
  });
}

/** A list whose items may be text or numbers. */
export const textList = list(text);
export const textOrNumberList = list(textOrNumber);

/** `K: V`, or a list of `K=V`. An entry without a value is empty. */
export const labels = mapping(labelValue, '');
/** `K: V`, or a list of `K=V`. An entry without a value is inherited. */
export const environment = mapping(inheritableValue, null);

function mapping(value: Schema, absent: '' | null) {
  const map = z.record(z.string(), value);
  return withForm(z.union([map, z.array(z.string())]), (node, context) => {
    if (node.kind !== 'list') return context.keepsExpressions ? node : context.walk(checkKeys(node, context), map);
    return context.keepsExpressions ? node : pairsToMap(node.items, node, absent, context);
  });
}

function checkKeys(node: Node, context: FormContext): Node {
  if (node.kind !== 'map') return node;
  for (const [key, entry] of node.entries) if (/\s$/.test(key)) reportSpace(entry, key, context);
  return node;
}

/** The map of a list of `K=V`; the last of several equal keys wins, in the first one's place. */
function pairsToMap(items: readonly Node[], at: Node, absent: '' | null, context: FormContext): Node {
  const entries = new Map<string, MapEntry>();
  for (const [index, item] of items.entries()) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') {
      context.error(item, `found ${describeNode(item)}, expected KEY=VALUE`, null, index);
      continue;
    }
    const equals = item.value.indexOf('=');
    const key = equals < 0 ? item.value : item.value.slice(0, equals);
    if (/\s$/.test(key) && equals >= 0) reportSpace(item, key, context);
    const value = scalarNode(equals < 0 ? absent : item.value.slice(equals + 1), item, item.tag);
    entries.set(key, { value, file: item.file, offset: item.offset });
  }
  return mapNode(entries, at, at.tag);
}

function reportSpace(at: { file: Node['file']; offset: number }, key: string, context: FormContext): void {
  context.error(at, `key ${JSON.stringify(key)} ends with a space`);
}

/** A mapping of name to options, which may be written as a list of names; `made` are the options of a listed name. */
export function listedNames(definition: Schema, made: (item: Node) => Node) {
  const map = named(definition);
  return withForm(z.union([map, z.array(z.string())]), (node, context) => {
    if (node.kind !== 'list') return context.walk(node, map);
    const entries = new Map<string, MapEntry>();
    for (const [index, item] of node.items.entries()) {
      if (item.kind !== 'scalar' || typeof item.value !== 'string') {
        context.error(item, `found ${describeNode(item)}, expected a name`, null, index);
        continue;
      }
      entries.set(item.value, { value: made(item), file: item.file, offset: item.offset });
    }
    return mapNode(entries, node, node.tag);
  });
}
