import { isAlias, isCollection, isMap, isScalar, type ParsedNode, type Scalar, type YAMLMap } from 'yaml';
import type { Diagnostics } from '../diagnostics.ts';
import { stackFileError } from '../errors.ts';
import {
  listNode,
  mapNode,
  scalarNode,
  type MapEntry,
  type MergeTag,
  type Node,
  type ScalarValue,
} from '../tree/node.ts';
import type { SourceFile } from '../tree/source-file.ts';
import { MAX_DEPTH, MAX_NODES, tooManyValues } from './limits.ts';
import { mergeEntries } from './merge-key.ts';
import { resolvePlainScalar } from './resolve-scalar.ts';

/** Tags that give even quoted text the value that it would have without quotes. */
const RESOLVED_TAGS = new Set(['int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`));

/** Makes the loader's tree of a parsed document: aliases and merge keys resolved, duplicate keys reported. */
export function buildTree(contents: ParsedNode, file: SourceFile, diagnostics: Diagnostics): Node {
  return new TreeBuilder(file, diagnostics).build(contents, 0);
}

class TreeBuilder {
  readonly #file: SourceFile;
  readonly #diagnostics: Diagnostics;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<string>();
  /** Number of values below a node, aliases written out; only for nodes that have an anchor. */
  readonly #sizes = new Map<Node, number>();
  #size = 0;

  constructor(file: SourceFile, diagnostics: Diagnostics) {
    this.#file = file;
    this.#diagnostics = diagnostics;
  }

  build(source: ParsedNode, depth: number): Node {
    this.#count(1, source.range[0]);
    if (depth > MAX_DEPTH)
      throw stackFileError(this.#at(source.range[0]), [], `nested deeper than ${MAX_DEPTH} levels`);
    if (isAlias(source)) return this.#resolveAlias(source.source, source.range[0]);
    const { anchor } = source;
    if (anchor === undefined) return this.#buildValue(source, depth);
    const before = this.#size;
    this.#open.add(anchor);
    const node = this.#buildValue(source, depth);
    this.#open.delete(anchor);
    this.#anchors.set(anchor, node);
    this.#sizes.set(node, this.#size - before);
    return node;
  }

  #buildValue(source: Exclude<ParsedNode, { type: 'ALIAS' }>, depth: number): Node {
    const at = this.#at(source.range[0]);
    const tag = this.#mergeTag(source);
    if (isScalar(source)) return scalarNode(this.#scalarValue(source), at, tag);
    if (isMap(source)) return mapNode(this.#buildEntries(source, depth), at, tag);
    if (!isCollection(source)) throw stackFileError(at, [], 'unknown kind of YAML value');
    const items: Node[] = [];
    for (const item of source.items) {
      const node = this.build(item, depth + 1);
      // An item marked !reset is an item that is not there.
      if (node.tag !== 'reset') items.push(node);
    }
    return listNode(items, at, tag);
  }

  #buildEntries(source: YAMLMap.Parsed, depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merges: { value: Node; offset: number }[] = [];
    for (const pair of source.items) {
      const offset = pair.key.range[0];
      const key = this.#keyText(pair.key);
      if (key === undefined) continue;
      const value =
        pair.value === null ? scalarNode(null, this.#at(pair.key.range[1])) : this.build(pair.value, depth + 1);
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        if (merges.length > 0) this.#reportDuplicate(key, offset, merges[0]?.offset ?? offset);
        merges.push({ value, offset });
        continue;
      }
      const earlier = entries.get(key);
      if (earlier !== undefined) this.#reportDuplicate(key, offset, earlier.offset);
      entries.set(key, { value, file: this.#file, offset });
    }
    for (const merge of merges) {
      if (mergeEntries(entries, merge.value)) continue;
      this.#diagnostics.error(this.#at(merge.offset), [], 'a merge key (<<) takes a mapping or a list of mappings');
    }
    return entries;
  }

  #resolveAlias(name: string, offset: number): Node {
    if (this.#open.has(name)) throw stackFileError(this.#at(offset), [], `alias *${name} stands inside its own anchor`);
    const node = this.#anchors.get(name);
    if (node === undefined)
      throw stackFileError(this.#at(offset), [], `alias *${name} has no anchor before it in this document`);
    this.#count(this.#sizes.get(node) ?? 0, offset);
    return node;
  }

  #keyText(key: ParsedNode): string | undefined {
    if (isAlias(key)) {
      const node = this.#resolveAlias(key.source, key.range[0]);
      if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
    } else if (isScalar(key)) {
      const value = this.#scalarValue(key);
      if (typeof value === 'string') return value;
      const text = typeof key.source === 'string' ? key.source : '';
      this.#diagnostics.error(
        this.#at(key.range[0]),
        [],
        `non-string key ${text === '' ? 'null' : text}`,
        'put the key in quotes',
      );
      return undefined;
    }
    this.#diagnostics.error(this.#at(key.range[0]), [], 'a key must be text');
    return undefined;
  }

  /** The failsafe schema resolves nothing by itself: `tag` is only there when the file has one. */
  #scalarValue(source: Scalar.Parsed): ScalarValue {
    const text = source.source;
    if (source.tag === '!' || source.tag === 'tag:yaml.org,2002:str') return text;
    const isResolved = source.type === 'PLAIN' || RESOLVED_TAGS.has(source.tag ?? '');
    return isResolved ? resolvePlainScalar(text.trim()) : text;
  }

  #mergeTag(source: ParsedNode): MergeTag | undefined {
    const { tag } = source;
    if (tag === undefined || tag.startsWith('tag:yaml.org,2002:')) return undefined;
    if (tag === '!reset') return 'reset';
    if (tag === '!override') return 'override';
    if (tag !== '!')
      this.#diagnostics.error(this.#at(source.range[0]), [], `unknown YAML tag ${tag}`, 'known: !reset, !override');
    return undefined;
  }

  #reportDuplicate(key: string, offset: number, earlier: number): void {
    const { line } = this.#file.positionAt(earlier);
    this.#diagnostics.error(this.#at(offset), [], `mapping key "${key}" is already defined at line ${line}`);
  }

  #count(nodes: number, offset: number): void {
    this.#size += nodes;
    if (this.#size <= MAX_NODES) return;
    throw tooManyValues(this.#at(offset));
  }

  #at(offset: number): { file: SourceFile; offset: number } {
    return { file: this.#file, offset };
  }
}
