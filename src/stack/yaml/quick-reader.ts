import {
  listNode,
  mapNode,
  scalarNode,
  type MapEntry,
  type MergeTag,
  type Node,
  type ScalarNode,
} from '../tree/node.ts';
import type { SourceFile } from '../tree/source-file.ts';
import { MAX_DEPTH, MAX_NODES, tooManyValues } from './limits.ts';
import { mergeEntries } from './merge-key.ts';
import { readDoubleQuoted, readSingleQuoted } from './quoted.ts';
import { resolvePlainScalar } from './resolve-scalar.ts';

/**
 * Reads a YAML document of the plain kind that almost all stack files are: block mappings and sequences, one-line scalars and
 * flow collections, literal blocks, anchors, aliases, merge keys and comments. Undefined for anything else, faults included:
 * then the real parser, seven times slower, reads the text and says what is wrong (src/stack/yaml/parse-yaml.ts). Whatever
 * this reader accepts it must read exactly as that parser does; test/unit/stack/yaml/quick-reader.test.ts compares them.
 */
export function readQuickly(file: SourceFile): Node | undefined {
  // Tabs, other line ends, several documents and directives are for the real parser.
  if (/[\t\r\uFEFF\u0085\u2028\u2029]|^(?:---|\.\.\.|%)/m.test(file.text)) return undefined;
  try {
    return new QuickReader(file).read();
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

/** Thrown, always this one, where the text leaves the plain kind. */
const NOT_PLAIN = new Error('not plain YAML');

/** A key without spaces, then a colon that ends it. */
const PLAIN_KEY = /(?:<<|[A-Za-z0-9_.$/(][A-Za-z0-9_.$/@+=()\\-]*)(?=:(?: |\n|$))/y;
const QUOTED_KEY = /(?:"[^"\\\n]*"|'[^'\n]*')(?=:(?: |\n|$))/y;
const NAME = /[A-Za-z0-9_.-]+(?= |\n|$)/y;
const TAG = /!(reset|override)(?= |\n|$)/y;
/** The rest of a line that has nothing more to say. */
const LINE_REST = / *(?: #[^\n]*)?(?:\n|$)/y;
const PLAIN_START = /[^\s\-?:,[\]{}#&*!|>'"%@`]|-(?=[^\s,[\]{}])/y;
const BLOCK_SCALAR_HEAD = /([|>])([+-]?) *(?: #[^\n]*)?\n/y;

class QuickReader {
  readonly #file: SourceFile;
  readonly #text: string;
  readonly #anchors = new Map<string, { node: Node; size: number }>();
  #at = 0;
  #size = 0;

  constructor(file: SourceFile) {
    this.#file = file;
    this.#text = file.text;
  }

  read(): Node | undefined {
    const indent = this.#toContent();
    if (indent !== 0) return undefined;
    const root = this.#readBlock(0, 0);
    return this.#at >= this.#text.length ? root : undefined;
  }

  /** Moves past blank lines and comments to the first character of the next content; gives its indent, -1 at the end. */
  #toContent(): number {
    const text = this.#text;
    for (;;) {
      const lineStart = this.#at;
      while (text.charCodeAt(this.#at) === 32) this.#at++;
      const code = text.charCodeAt(this.#at);
      if (Number.isNaN(code)) return -1;
      if (code !== 10 && code !== 35) return this.#at - lineStart;
      const end = text.indexOf('\n', this.#at);
      this.#at = end < 0 ? text.length : end + 1;
    }
  }

  /** The indent of the next content, without moving. */
  #peekIndent(): { indent: number; isItem: boolean } {
    const before = this.#at;
    const indent = this.#toContent();
    const isItem = this.#isItem();
    this.#at = before;
    return { indent, isItem };
  }

  #isItem(): boolean {
    if (this.#text.charCodeAt(this.#at) !== 45) return false;
    const next = this.#text.charCodeAt(this.#at + 1);
    return next === 32 || next === 10 || Number.isNaN(next);
  }

  /** A block collection whose first entry is here, in column `indent`. */
  #readBlock(indent: number, depth: number): Node {
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    return this.#isItem() ? this.#readSequence(indent, depth) : this.#readMapping(indent, depth);
  }

  #readSequence(indent: number, depth: number): Node {
    this.#count(1);
    const at = this.#place();
    const items: Node[] = [];
    for (let isFirst = true; ; isFirst = false) {
      if (!isFirst && !this.#isNext(indent, true)) break;
      this.#at++;
      const start = this.#at;
      while (this.#text.charCodeAt(this.#at) === 32) this.#at++;
      const column = indent + 1 + (this.#at - start);
      const item = this.#isBlockStart()
        ? this.#readBlock(column, depth + 1)
        : this.#readValue(indent, false, depth + 1);
      if (item.tag !== 'reset') items.push(item);
    }
    return listNode(items, at);
  }

  /** True for `- x` and `key: x` inside a line: a collection that starts in the middle. */
  #isBlockStart(): boolean {
    return this.#isItem() || this.#matches(PLAIN_KEY) || this.#matches(QUOTED_KEY);
  }

  #readMapping(indent: number, depth: number): Node {
    this.#count(1);
    const at = this.#place();
    const entries = new Map<string, MapEntry>();
    let merged: Node | undefined;
    for (let isFirst = true; ; isFirst = false) {
      if (!isFirst && !this.#isNext(indent, false)) break;
      const offset = this.#at;
      const isQuoted = this.#matches(QUOTED_KEY);
      const raw = this.#take(isQuoted ? QUOTED_KEY : PLAIN_KEY);
      const key = isQuoted ? raw.slice(1, -1) : raw;
      if (!isQuoted && typeof resolvePlainScalar(key) !== 'string') throw NOT_PLAIN;
      this.#at++;
      while (this.#text.charCodeAt(this.#at) === 32) this.#at++;
      const value = this.#readValue(indent, true, depth + 1);
      if (key === '<<' && !isQuoted) {
        if (merged !== undefined) throw NOT_PLAIN;
        merged = value;
      } else {
        if (entries.has(key)) throw NOT_PLAIN;
        entries.set(key, { value, file: this.#file, offset });
      }
    }
    if (merged !== undefined && !mergeEntries(entries, merged)) throw NOT_PLAIN;
    return mapNode(entries, at);
  }

  /** True when the next content goes on with a collection of this indent. Deeper content belongs to nobody: not plain. */
  #isNext(indent: number, isSequence: boolean): boolean {
    const next = this.#peekIndent();
    if (next.indent > indent) throw NOT_PLAIN;
    if (next.indent < indent) return false;
    if (next.isItem !== isSequence) {
      // A mapping ends where a sequence of its own indent starts only if that is an outer one, which it cannot be.
      if (!isSequence) throw NOT_PLAIN;
      return false;
    }
    this.#toContent();
    return true;
  }

  /** The value after `key: ` or `- `: on this line, or in a block below that is deeper than `indent`. */
  #readValue(indent: number, ofKey: boolean, depth: number): Node {
    const anchor = this.#text[this.#at] === '&' ? this.#readProperty(NAME, 1) : undefined;
    const tagText = this.#text[this.#at] === '!' ? this.#readProperty(TAG, 0) : undefined;
    const tag: MergeTag | undefined = tagText === undefined ? undefined : tagText === '!reset' ? 'reset' : 'override';
    const before = this.#size;
    const value = this.#readContent(indent, ofKey, depth, anchor !== undefined || tag !== undefined);
    const node = tag === undefined ? value : { ...value, tag };
    if (anchor !== undefined) this.#anchors.set(anchor, { node, size: this.#size - before });
    return node;
  }

  #readContent(indent: number, ofKey: boolean, depth: number, hasProperties: boolean): Node {
    const character = this.#text[this.#at];
    if (character === undefined || character === '\n' || character === '#')
      return this.#readBelow(indent, ofKey, depth);
    if (character === '*') return hasProperties ? this.#fail() : this.#readAlias();
    if (character === '|' || character === '>') return this.#readBlockScalar(indent);
    if (character === '[' || character === '{') return this.#readFlowLine(depth);
    // With properties before it, `key: x` would be a mapping whose key has them.
    if (hasProperties && this.#isBlockStart()) return this.#fail();
    const scalar = character === '"' || character === "'" ? this.#readQuoted() : this.#readPlain();
    this.#take(LINE_REST);
    if (this.#peekIndent().indent > indent) throw NOT_PLAIN; // a scalar of several lines
    return scalar;
  }

  #readBelow(indent: number, ofKey: boolean, depth: number): Node {
    const at = this.#place();
    if (this.#text[this.#at] === '#' && this.#text[this.#at - 1] !== ' ') throw NOT_PLAIN;
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
    const next = this.#peekIndent();
    // A sequence may stand in the column of the key that it belongs to.
    if (next.indent > indent || (ofKey && next.isItem && next.indent === indent)) {
      const column = this.#toContent();
      if (!this.#isBlockStart()) throw NOT_PLAIN;
      return this.#readBlock(column, depth);
    }
    this.#count(1);
    return scalarNode(null, at);
  }

  #readAlias(): Node {
    const anchor = this.#anchors.get(this.#readProperty(NAME, 1));
    if (anchor === undefined) throw NOT_PLAIN;
    this.#count(anchor.size + 1);
    this.#take(LINE_REST);
    return anchor.node;
  }

  /** `|` and `>` blocks; of the folded ones only those whose lines are all of one indent. */
  #readBlockScalar(indent: number): ScalarNode {
    this.#count(1);
    const at = this.#place();
    const [, style = '', chomp = ''] = this.#match(BLOCK_SCALAR_HEAD);
    const lines: string[] = [];
    let width = -1;
    while (this.#at < this.#text.length) {
      const newline = this.#text.indexOf('\n', this.#at);
      const end = newline < 0 ? this.#text.length : newline;
      const line = this.#text.slice(this.#at, end);
      const content = line.trimStart();
      const lineIndent = line.length - content.length;
      if (content !== '') {
        if (width < 0) width = lineIndent;
        if (width <= indent || lineIndent <= indent) break;
        if (lineIndent < width) throw NOT_PLAIN;
      } else if (width < 0 && lineIndent > 0) throw NOT_PLAIN;
      lines.push(content === '' && lineIndent <= width ? '' : line.slice(width < 0 ? 0 : width));
      this.#at = newline < 0 ? this.#text.length : newline + 1;
    }
    if (width <= indent) throw NOT_PLAIN;
    const endsInNewline = this.#text[this.#at - 1] === '\n';
    if (!endsInNewline) throw NOT_PLAIN;
    return scalarNode(joinBlock(lines, style, chomp), at);
  }

  #readFlowLine(depth: number): Node {
    const node = this.#readFlow(depth);
    this.#take(LINE_REST);
    return node;
  }

  #readFlow(depth: number): Node {
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    const character = this.#text[this.#at];
    if (character === '[') return this.#readFlowList(depth);
    if (character === '{') return this.#readFlowMap(depth);
    if (character === '*') {
      const anchor = this.#anchors.get(this.#readFlowAlias());
      if (anchor === undefined) throw NOT_PLAIN;
      this.#count(anchor.size + 1);
      return anchor.node;
    }
    if (character === '"' || character === "'") return this.#readQuoted();
    return this.#readFlowPlain();
  }

  #readFlowList(depth: number): Node {
    this.#count(1);
    const at = this.#place();
    const items: Node[] = [];
    this.#at++;
    this.#skipSpaces();
    while (this.#text[this.#at] !== ']') {
      items.push(this.#readFlow(depth + 1));
      this.#skipSpaces();
      if (this.#text[this.#at] === ',') this.#at++;
      else if (this.#text[this.#at] !== ']') throw NOT_PLAIN;
      this.#skipSpaces();
    }
    this.#at++;
    return listNode(items, at);
  }

  #readFlowMap(depth: number): Node {
    this.#count(1);
    const at = this.#place();
    const entries = new Map<string, MapEntry>();
    this.#at++;
    this.#skipSpaces();
    while (this.#text[this.#at] !== '}') {
      const offset = this.#at;
      const isQuoted = this.#matches(QUOTED_KEY);
      const raw = this.#take(isQuoted ? QUOTED_KEY : PLAIN_KEY);
      const key = isQuoted ? raw.slice(1, -1) : raw;
      if (key === '<<' || entries.has(key) || (!isQuoted && typeof resolvePlainScalar(key) !== 'string'))
        throw NOT_PLAIN;
      this.#at++;
      this.#skipSpaces();
      const isEmpty = this.#text[this.#at] === ',' || this.#text[this.#at] === '}';
      const value = isEmpty ? this.#emptyScalar() : this.#readFlow(depth + 1);
      entries.set(key, { value, file: this.#file, offset });
      this.#skipSpaces();
      if (this.#text[this.#at] === ',') this.#at++;
      else if (this.#text[this.#at] !== '}') throw NOT_PLAIN;
      this.#skipSpaces();
    }
    this.#at++;
    return mapNode(entries, at);
  }

  #emptyScalar(): ScalarNode {
    this.#count(1);
    return scalarNode(null, this.#place());
  }

  #readFlowPlain(): ScalarNode {
    this.#count(1);
    const at = this.#place();
    const text = this.#take(FLOW_PLAIN);
    return scalarNode(resolvePlainScalar(text), at);
  }

  #readFlowAlias(): string {
    this.#at++;
    return this.#take(FLOW_NAME);
  }

  #readQuoted(): ScalarNode {
    this.#count(1);
    const at = this.#place();
    const read = this.#text[this.#at] === '"' ? readDoubleQuoted : readSingleQuoted;
    const quoted = read(this.#text, this.#at);
    if (quoted === undefined) throw NOT_PLAIN;
    this.#at = quoted.end;
    return scalarNode(quoted.value, at);
  }

  #readPlain(): ScalarNode {
    this.#count(1);
    const at = this.#place();
    if (!this.#matches(PLAIN_START)) throw NOT_PLAIN;
    const newline = this.#text.indexOf('\n', this.#at);
    let end = newline < 0 ? this.#text.length : newline;
    const line = this.#text.slice(this.#at, end);
    const comment = line.indexOf(' #');
    if (comment >= 0) end = this.#at + comment;
    const text = this.#text.slice(this.#at, end).trimEnd();
    if (text.includes(': ') || text.endsWith(':')) throw NOT_PLAIN;
    this.#at += text.length;
    return scalarNode(resolvePlainScalar(text), at);
  }

  /** `&name ` or `!tag `, and the spaces after it. */
  #readProperty(pattern: RegExp, skip: number): string {
    this.#at += skip;
    const text = this.#take(pattern);
    this.#skipSpaces();
    return text;
  }

  #skipSpaces(): void {
    while (this.#text.charCodeAt(this.#at) === 32) this.#at++;
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw NOT_PLAIN;
    this.#at += match[0].length;
    return match;
  }

  #take(pattern: RegExp): string {
    return this.#match(pattern)[0];
  }

  #place(): { file: SourceFile; offset: number } {
    return { file: this.#file, offset: this.#at };
  }

  #count(nodes: number): void {
    this.#size += nodes;
    if (this.#size > MAX_NODES) throw tooManyValues(this.#place());
  }

  #fail(): never {
    throw NOT_PLAIN;
  }
}

/** Ends at a flow indicator; colons, hashes and quotes inside are for the real parser. */
const FLOW_PLAIN =
  /(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-(?=[^\s,[\]{}]))(?:[^\s,[\]{}#:]|:(?=[^\s,[\]{}]))*(?: +(?:[^\s,[\]{}#:]|:(?=[^\s,[\]{}]))+)*/y;
const FLOW_NAME = /[A-Za-z0-9_.-]+(?= |,|\]|\}|\n|$)/y;

function joinBlock(lines: readonly string[], style: string, chomp: string): string {
  let last = lines.length;
  while (last > 0 && lines[last - 1] === '') last--;
  const content = lines.slice(0, last);
  // Folding treats empty and deeper lines in ways of their own.
  if (style === '>' && content.some((line) => line === '' || line.startsWith(' '))) throw NOT_PLAIN;
  const text = content.join(style === '>' ? ' ' : '\n');
  if (chomp === '-') return text;
  return chomp === '+' ? `${text}\n${'\n'.repeat(lines.length - last)}` : `${text}\n`;
}
