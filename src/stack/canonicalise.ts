import type { core } from 'zod/mini';
import type { Diagnostics } from './diagnostics.ts';
import type { Place } from './problems.ts';
import { describeNode, formOf, isExpression, type FormContext, type Schema } from './schema/form.ts';
import { flag } from './schema/scalars.ts';
import { check, isCollection, keysNeededBy, keysOf, requiredKeys, wordsOf } from './schema/schema-facts.ts';
import { didYouMean } from './suggest.ts';
import {
  brokenNode,
  childOf,
  isNull,
  listNode,
  mapNode,
  scalarNode,
  type ListNode,
  type MapEntry,
  type MapNode,
  type Node,
  type ScalarNode,
} from './tree/node.ts';

/** A key that the schema demands and one file does not have: another file may. */
export interface MissingKey {
  readonly path: readonly (string | number)[];
  readonly key: string;
  readonly at: Node;
}

export interface CanonicaliseOptions {
  /** Variables were left in place: text stays as it is, only structures are written out. */
  readonly keepsExpressions: boolean;
  readonly diagnostics: Diagnostics;
}

/**
 * Validates one file against the schema and writes out its short forms, all in one walk, so that every problem has its place.
 * What does not change is shared with the old tree. Missing keys are returned: merging may still bring them.
 */
export function canonicalise(
  root: Node,
  schema: Schema,
  options: CanonicaliseOptions,
): { root: Node; missing: MissingKey[] } {
  const walk = new CanonicalWalk(options);
  return { root: walk.walk(root, schema), missing: walk.missing };
}

class CanonicalWalk implements FormContext {
  readonly missing: MissingKey[] = [];
  readonly keepsExpressions: boolean;
  readonly #diagnostics: Diagnostics;
  readonly #path: (string | number)[] = [];

  constructor(options: CanonicaliseOptions) {
    this.keepsExpressions = options.keepsExpressions;
    this.#diagnostics = options.diagnostics;
  }

  error(at: Place | Node, message: string, hint?: string | null, key?: string | number): void {
    // What was reported as wrong before is wrong here only because of that.
    if ('tag' in at && at.tag === 'reset') return;
    this.#diagnostics.error(at, key === undefined ? this.#path : [...this.#path, key], message, hint ?? null);
  }

  warning(at: Place, message: string): void {
    this.#diagnostics.warning(at, this.#path, message);
  }

  walk(node: Node, schema: Schema, key?: string | number): Node {
    if (key === undefined) return this.#visit(node, schema);
    this.#path.push(key);
    const result = this.#visit(node, schema);
    this.#path.pop();
    return result;
  }

  #visit(node: Node, schema: Schema): Node {
    // A key marked !reset only removes; its own value does not count.
    if (node.tag === 'reset') return node;
    const form = formOf(schema);
    if (form !== undefined) return isNull(node) ? node : form(node, this);
    const { def } = (schema as core.$ZodTypes)._zod;
    if (def.type === 'optional' || def.type === 'nullable')
      return isNull(node) ? node : this.#visit(node, def.innerType);
    if (def.type === 'object') return this.#visitObject(node, def.shape, schema);
    if (def.type === 'record') return this.#visitRecord(node, def.keyType, def.valueType);
    if (def.type === 'array') return this.#visitList(node, def.element);
    return def.type === 'union' ? this.#visitUnion(node, def.options, schema) : this.#visitScalar(node, schema);
  }

  #visitObject(node: Node, shape: Readonly<Record<string, Schema>>, schema: Schema): Node {
    if (node.kind !== 'map') return this.#mismatch(node, 'a mapping');
    const required = requiredKeys(schema, shape);
    for (const key of required) {
      if (!node.entries.has(key)) this.missing.push({ path: [...this.#path], key, at: node });
    }
    const result = this.#mapEntries(node, (key, entry) => {
      const value = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (value !== undefined) return this.walk(entry.value, value, key);
      if (key.startsWith('x-')) return entry.value;
      this.#unknownKey(key, entry, shape);
      return brokenNode(entry);
    });
    // No other file can complete the item of a list.
    const isItem = typeof this.#path.at(-1) === 'number';
    return isItem && required.some((key) => isLacking(result, key)) ? brokenNode(node) : result;
  }

  #unknownKey(key: string, entry: MapEntry, shape: Readonly<Record<string, Schema>>): void {
    this.#path.push(key);
    const isService = this.#path.length === 1 && looksLikeService(entry.value);
    const home = isService ? 'services' : Object.keys(shape).find((name) => keysOf(shape[name]).includes(key));
    const hint =
      home !== undefined
        ? `it belongs under ${home}`
        : (didYouMean(key, Object.keys(shape)) ?? `known here: ${Object.keys(shape).sort().join(', ')}`);
    this.#diagnostics.error(entry, this.#path, `unknown key "${key}"`, hint.length > 200 ? null : hint);
    this.#path.pop();
  }

  #visitRecord(node: Node, keySchema: Schema, valueSchema: Schema): Node {
    if (node.kind !== 'map') return this.#mismatch(node, 'a mapping');
    return this.#mapEntries(node, (key, entry) => {
      const checked = check(keySchema, key);
      if (!checked.success) this.error(entry, `bad name ${JSON.stringify(key)}: ${checked.expected}`);
      const [lacking] = isNull(entry.value) && entry.value.tag !== 'reset' ? keysNeededBy(valueSchema) : [];
      if (lacking === undefined) return this.walk(entry.value, valueSchema, key);
      this.error(entry, `${lacking} is missing`, null, key);
      return brokenNode(entry);
    });
  }

  #mapEntries(node: MapNode, visit: (key: string, entry: MapEntry) => Node): Node {
    let changed: Map<string, MapEntry> | undefined;
    for (const [key, entry] of node.entries) {
      const value = visit(key, entry);
      if (value === entry.value) continue;
      changed ??= new Map(node.entries);
      changed.set(key, { value, file: entry.file, offset: entry.offset });
    }
    return changed === undefined ? node : mapNode(changed, node, node.tag);
  }

  #visitList(node: Node, item: Schema): Node {
    if (isExpression(node, this)) return node;
    if (node.kind !== 'list') return this.#mismatch(node, 'a list');
    const items: Node[] = [];
    let isChanged = false;
    for (const [index, child] of node.items.entries()) {
      const isEmpty = isNull(child) && child.tag !== 'reset';
      if (isEmpty) this.error(child, 'an item without a value', 'remove the dash, or write a value behind it', index);
      const result = isEmpty ? brokenNode(child) : this.walk(child, item, index);
      isChanged ||= result !== child;
      items.push(result);
    }
    return isChanged ? (listNode(items, node, node.tag) satisfies ListNode) : node;
  }

  /** A union without a form of its own: scalars or a mapping. */
  #visitUnion(node: Node, options: readonly Schema[], schema: Schema): Node {
    if (node.kind === 'scalar') {
      const scalar = options.find((option) => !isCollection(option));
      return this.#visitScalar(node, scalar ?? schema);
    }
    const wanted = node.kind === 'map' ? ['object', 'record'] : ['array'];
    const option = options.find((candidate) => wanted.includes((candidate as core.$ZodTypes)._zod.def.type));
    return option === undefined ? this.#mismatch(node, 'a single value') : this.#visit(node, option);
  }

  #visitScalar(node: Node, schema: Schema): Node {
    if (node.kind !== 'scalar') return this.#mismatch(node, check(schema, undefined).expected);
    if (this.keepsExpressions && (node.value === null || isExpression(node, this))) return node;
    // Whole numbers beyond 2^53 are taken as the text they were written as.
    const input = typeof node.value === 'bigint' ? node.value.toString() : node.value;
    const result = check(schema, input);
    if (!result.success) {
      // Nothing where something was expected is as if the key were not there.
      return node.value === null ? node : this.#mismatch(node, result.expected, wordsOf(schema));
    }
    this.#warnAboutYes(node, schema);
    const value = result.value as ScalarNode['value'];
    return value === node.value || this.keepsExpressions ? node : scalarNode(value, node, node.tag);
  }

  #warnAboutYes(node: ScalarNode, schema: Schema): void {
    if (schema !== flag || typeof node.value !== 'string' || /^(true|false)$/i.test(node.value)) return;
    this.warning(node, `${describeNode(node)} is taken for ${/^(y|yes|on)$/i.test(node.value)}: write true or false`);
  }

  #mismatch(node: Node, expected: string, words: readonly string[] = []): Node {
    const hint = node.kind === 'scalar' ? (didYouMean(String(node.value), words) ?? quoteHint(node, expected)) : null;
    this.error(node, `found ${describeNode(node)}, expected ${expected}`, hint);
    return brokenNode(node);
  }
}

function isLacking(map: Node, key: string): boolean {
  return (childOf(map, key) ?? { tag: 'reset' }).tag === 'reset';
}

function quoteHint(node: ScalarNode, expected: string): string | null {
  const isPlainScalar = typeof node.value === 'number' || typeof node.value === 'boolean';
  return expected === 'text' && isPlainScalar ? `put it in quotes: "${String(node.value)}"` : null;
}

/** What stood at the top in files of the first version, or is not indented. */
function looksLikeService(node: Node): boolean {
  return node.kind === 'map' && ['image', 'build'].some((key) => node.entries.has(key));
}
