import type { core } from 'zod/mini';
import type { Place } from '../problems.ts';
import type { Node } from '../tree/node.ts';

/** Any zod schema. */
export type Schema = core.$ZodType;

/** What a form may ask of the walk that runs it (src/stack/canonicalise.ts). */
export interface FormContext {
  /** True when variables were left in place: text with a `$` is kept as it is. */
  readonly keepsExpressions: boolean;
  /** Reports a problem of the value being walked, or of the item `key` of it. */
  error(at: Place, message: string, hint?: string | null, key?: string | number): void;
  warning(at: Place, message: string): void;
  /** Validates and canonicalises a value; `key` extends the path of its problems. */
  walk(node: Node, schema: Schema, key?: string | number): Node;
}

/** Turns every form that an attribute may be written in into the canonical one. */
export type Form = (node: Node, context: FormContext) => Node;

const forms = new WeakMap<Schema, Form>();

/** Attaches the form to the schema that describes what may be written. */
export function withForm<S extends Schema>(schema: S, form: Form): S {
  forms.set(schema, form);
  return schema;
}

/** The form of a schema, if its values have more than one. */
export function formOf(schema: Schema): Form | undefined {
  return forms.get(schema);
}

/** True for text that the walk must leave alone because its variables were not replaced. */
export function isExpression(node: Node, context: FormContext): boolean {
  return (
    context.keepsExpressions && node.kind === 'scalar' && typeof node.value === 'string' && node.value.includes('$')
  );
}

/** What a value is, for "found …". */
export function describeNode(node: Node): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') {
    return JSON.stringify(node.value.length > 60 ? `${node.value.slice(0, 57)}...` : node.value);
  }
  return typeof node.value === 'boolean' ? String(node.value) : `the number ${node.value}`;
}
