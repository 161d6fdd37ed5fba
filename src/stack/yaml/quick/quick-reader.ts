import { listNode, mapNode, scalarNode, type MapEntry, type MergeTag, type Node } from '../../tree/node.ts';
import type { SourceFile } from '../../tree/source-file.ts';
import { MAX_DEPTH } from '../limits.ts';
import { mergeEntries } from '../merge-key.ts';
import { resolvePlainScalar } from '../resolve-scalar.ts';
import { readFlow } from './flow.ts';
import { readBlockScalar, readPlain, readQuoted } from './scalars.ts';
import { NOT_PLAIN, Scanner } from './scanner.ts';

/**
 * Reads a YAML document of the plain kind that almost all stack files are: block mappings and sequences, one-line scalars and
 * flow collections, literal blocks, anchors, aliases, merge keys and comments. Undefined for anything else, faults included:
 * then the real parser, seven times slower, reads the text and says what is wrong (src/stack/yaml/parse-yaml.ts). Whatever
 * this reader accepts it must read exactly as that parser does; test/unit/stack/yaml/quick/quick-reader.test.ts compares them.
 */
export function readQuickly(file: SourceFile): Node | undefined {
  // Tabs, other line ends, several documents and directives are for the real parser.
  if (/[\t\r\uFEFF\u0085\u2028\u2029]|^(?:---|\.\.\.|%)/m.test(file.text)) return undefined;
  try {
    return new BlockReader(new Scanner(file)).read();
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

const ANCHOR = /&([A-Za-z0-9_.-]+)(?= |\n|$)/y;
const ALIAS = /\*([A-Za-z0-9_.-]+)(?= |\n|$)/y;
const TAG = /!(reset|override)(?= |\n|$)/y;
/** The rest of a line that has nothing more to say. */
const LINE_REST = / *(?: #[^\n]*)?(?:\n|$)/y;

/** Reads block collections: what stands on lines of its own. */
class BlockReader {
  readonly #scanner: Scanner;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  read(): Node | undefined {
    if (this.#toContent() !== 0) return undefined;
    const root = this.#readBlock(0, 0);
    return this.#scanner.at >= this.#scanner.text.length ? root : undefined;
  }

  /** Moves past blank lines and comments to the first character of the next content; gives its indent, -1 at the end. */
  #toContent(): number {
    const scanner = this.#scanner;
    for (;;) {
      const lineStart = scanner.at;
      scanner.skipSpaces();
      const character = scanner.character();
      if (character === undefined) return -1;
      if (character !== '\n' && character !== '#') return scanner.at - lineStart;
      this.#toNextLine();
    }
  }

  #toNextLine(): void {
    const end = this.#scanner.text.indexOf('\n', this.#scanner.at);
    this.#scanner.at = end < 0 ? this.#scanner.text.length : end + 1;
  }

  /** The indent of the next content, and whether it is an item, without moving. */
  #peek(): { indent: number; isItem: boolean } {
    const before = this.#scanner.at;
    const indent = this.#toContent();
    const isItem = this.#isItem();
    this.#scanner.at = before;
    return { indent, isItem };
  }

  #isItem(): boolean {
    const { text, at } = this.#scanner;
    if (text.charCodeAt(at) !== 45) return false; // -
    const next = text[at + 1];
    return next === ' ' || next === '\n' || next === undefined;
  }

  /** True at `- x` and `key: x`: a collection starts here. */
  #isBlockStart(): boolean {
    return this.#isItem() || this.#scanner.isAtKey();
  }

  /** A block collection whose first entry is here, in column `indent`. */
  #readBlock(indent: number, depth: number): Node {
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    return this.#isItem() ? this.#readSequence(indent, depth) : this.#readMapping(indent, depth);
  }

  #readSequence(indent: number, depth: number): Node {
    const scanner = this.#scanner;
    scanner.count(1);
    const at = scanner.place();
    const items: Node[] = [];
    do {
      scanner.at++;
      const start = scanner.at;
      scanner.skipSpaces();
      const column = indent + 1 + (scanner.at - start);
      const isBlock = this.#isBlockStart();
      const item = isBlock ? this.#readBlock(column, depth + 1) : this.#readValue(indent, false, depth + 1);
      if (item.tag !== 'reset') items.push(item);
    } while (this.#isNext(indent, true));
    return listNode(items, at);
  }

  #readMapping(indent: number, depth: number): Node {
    const scanner = this.#scanner;
    scanner.count(1);
    const at = scanner.place();
    const entries = new Map<string, MapEntry>();
    let merged: Node | undefined;
    do {
      const offset = scanner.at;
      const { key, isQuoted } = scanner.takeKey();
      if (!isQuoted && typeof resolvePlainScalar(key) !== 'string') throw NOT_PLAIN;
      scanner.skipSpaces();
      const value = this.#readValue(indent, true, depth + 1);
      const isMerge = key === '<<' && !isQuoted;
      if (isMerge ? merged !== undefined : entries.has(key)) throw NOT_PLAIN;
      if (isMerge) merged = value;
      else entries.set(key, { value, file: scanner.file, offset });
    } while (this.#isNext(indent, false));
    if (merged !== undefined && !mergeEntries(entries, merged)) throw NOT_PLAIN;
    return mapNode(entries, at);
  }

  /** Moves to the next entry of a collection of this indent, if there is one. Deeper content belongs to nobody: not plain. */
  #isNext(indent: number, isSequence: boolean): boolean {
    const next = this.#peek();
    if (next.indent > indent) throw NOT_PLAIN;
    if (next.indent < indent) return false;
    // Items in the column of a mapping's keys belong to no key; keys in the column of items end the sequence.
    if (next.isItem && !isSequence) throw NOT_PLAIN;
    if (next.isItem !== isSequence) return false;
    this.#toContent();
    return true;
  }

  /** The value after `key: ` or `- `: on this line, or in a block below that is deeper than `indent`. */
  #readValue(indent: number, ofKey: boolean, depth: number): Node {
    const scanner = this.#scanner;
    const anchor = scanner.character() === '&' ? this.#takeProperty(ANCHOR) : undefined;
    const tag = scanner.character() === '!' ? (this.#takeProperty(TAG) as MergeTag) : undefined;
    const before = scanner.size;
    const value = this.#readContent(indent, ofKey, depth, anchor !== undefined || tag !== undefined);
    const node = tag === undefined ? value : { ...value, tag };
    if (anchor !== undefined) scanner.anchors.set(anchor, { node, size: scanner.size - before });
    return node;
  }

  /** `&name` or `!tag`, and the spaces after it. */
  #takeProperty(pattern: RegExp): string {
    const [, name = ''] = this.#scanner.match(pattern);
    this.#scanner.skipSpaces();
    return name;
  }

  #readContent(indent: number, ofKey: boolean, depth: number, hasProperties: boolean): Node {
    const scanner = this.#scanner;
    const character = scanner.character();
    if (character === undefined || character === '\n' || character === '#')
      return this.#readBelow(indent, ofKey, depth);
    if (character === '|' || character === '>') return readBlockScalar(scanner, indent);
    // With properties before it, `key: x` would be a mapping whose key has them, and an alias can have none.
    if (hasProperties && (character === '*' || this.#isBlockStart())) throw NOT_PLAIN;
    const value = this.#readLine(character, depth);
    scanner.take(LINE_REST);
    const goesOn = value.kind === 'scalar' && character !== '*' && this.#peek().indent > indent;
    if (goesOn) throw NOT_PLAIN; // a scalar of several lines
    return value;
  }

  /** A value that ends with its line. */
  #readLine(character: string, depth: number): Node {
    if (character === '*') return this.#scanner.resolveAlias(this.#scanner.match(ALIAS)[1] ?? '');
    if (character === '[' || character === '{') return readFlow(this.#scanner, depth);
    return character === '"' || character === "'" ? readQuoted(this.#scanner) : readPlain(this.#scanner);
  }

  /** The value on the lines below, or nothing. */
  #readBelow(indent: number, ofKey: boolean, depth: number): Node {
    const scanner = this.#scanner;
    const at = scanner.place();
    if (scanner.character() === '#' && scanner.text[scanner.at - 1] !== ' ') throw NOT_PLAIN;
    this.#toNextLine();
    const next = this.#peek();
    // A sequence may stand in the column of the key that it belongs to.
    if (next.indent > indent || (ofKey && next.isItem && next.indent === indent)) {
      const column = this.#toContent();
      if (!this.#isBlockStart()) throw NOT_PLAIN;
      return this.#readBlock(column, depth);
    }
    scanner.count(1);
    return scalarNode(null, at);
  }
}
