import { scalarNode, type Node, type ScalarNode } from '../../tree/node.ts';
import type { SourceFile } from '../../tree/source-file.ts';
import { MAX_NODES, tooManyValues } from '../limits.ts';

/** Thrown, always this one, where a text leaves the plain kind. */
export const NOT_PLAIN = new Error('not plain YAML');

/** A key without spaces, then a colon that ends it. */
const PLAIN_KEY = /(?:<<|[A-Za-z0-9_.$/(][A-Za-z0-9_.$/@+=()\\-]*)(?=:(?: |\n|$))/y;
const QUOTED_KEY = /(?:"[^"\\\n]*"|'[^'\n]*')(?=:(?: |\n|$))/y;

/** A place in a text that moves on, and what was seen on the way. */
export class Scanner {
  readonly file: SourceFile;
  readonly text: string;
  /** Values by anchor, with the number of values below them. */
  readonly anchors = new Map<string, { node: Node; size: number }>();
  at = 0;
  #size = 0;

  constructor(file: SourceFile) {
    this.file = file;
    this.text = file.text;
  }

  /** Values seen so far, aliases written out. */
  get size(): number {
    return this.#size;
  }

  count(nodes: number): void {
    this.#size += nodes;
    if (this.#size > MAX_NODES) throw tooManyValues(this.place());
  }

  place(): { file: SourceFile; offset: number } {
    return { file: this.file, offset: this.at };
  }

  character(): string | undefined {
    return this.text[this.at];
  }

  skipSpaces(): void {
    while (this.text.charCodeAt(this.at) === 32) this.at++;
  }

  /** True when a sticky pattern fits here. */
  matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  /** Moves past what a sticky pattern fits; it must. */
  match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) throw NOT_PLAIN;
    this.at += match[0].length;
    return match;
  }

  take(pattern: RegExp): string {
    return this.match(pattern)[0];
  }

  isAtKey(): boolean {
    return this.matches(PLAIN_KEY) || this.matches(QUOTED_KEY);
  }

  /** A key, and the colon after it. */
  takeKey(): { key: string; isQuoted: boolean } {
    const isQuoted = this.matches(QUOTED_KEY);
    const raw = this.take(isQuoted ? QUOTED_KEY : PLAIN_KEY);
    this.at++;
    return { key: isQuoted ? raw.slice(1, -1) : raw, isQuoted };
  }

  /** The value of an anchor that stands before here. */
  resolveAlias(name: string): Node {
    const anchor = this.anchors.get(name);
    if (anchor === undefined) throw NOT_PLAIN;
    this.count(anchor.size + 1);
    return anchor.node;
  }

  emptyScalar(): ScalarNode {
    this.count(1);
    return scalarNode(null, this.place());
  }
}
