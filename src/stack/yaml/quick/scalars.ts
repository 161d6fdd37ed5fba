import { scalarNode, type ScalarNode } from '../../tree/node.ts';
import { resolvePlainScalar } from '../resolve-scalar.ts';
import { readDoubleQuoted, readSingleQuoted } from './quoted.ts';
import { NOT_PLAIN, type Scanner } from './scanner.ts';

const PLAIN_START = /[^\s\-?:,[\]{}#&*!|>'"%@`]|-(?=[^\s,[\]{}])/y;
const BLOCK_HEAD = /([|>])([+-]?) *(?: #[^\n]*)?\n/y;

/** A quoted scalar of one line. */
export function readQuoted(scanner: Scanner): ScalarNode {
  scanner.count(1);
  const at = scanner.place();
  const read = scanner.character() === '"' ? readDoubleQuoted : readSingleQuoted;
  const quoted = read(scanner.text, scanner.at);
  if (quoted === undefined) throw NOT_PLAIN;
  scanner.at = quoted.end;
  return scalarNode(quoted.value, at);
}

/** A plain scalar that ends with its line or a comment. */
export function readPlain(scanner: Scanner): ScalarNode {
  scanner.count(1);
  const at = scanner.place();
  if (!scanner.matches(PLAIN_START)) throw NOT_PLAIN;
  const newline = scanner.text.indexOf('\n', scanner.at);
  const line = scanner.text.slice(scanner.at, newline < 0 ? scanner.text.length : newline);
  const comment = line.indexOf(' #');
  const text = (comment < 0 ? line : line.slice(0, comment)).trimEnd();
  if (text.includes(': ') || text.endsWith(':')) throw NOT_PLAIN;
  scanner.at += text.length;
  return scalarNode(resolvePlainScalar(text), at);
}

/** `|` and `>` blocks deeper than `indent`; of the folded ones only those whose lines are all of one indent. */
export function readBlockScalar(scanner: Scanner, indent: number): ScalarNode {
  scanner.count(1);
  const at = scanner.place();
  const [, style = '', chomp = ''] = scanner.match(BLOCK_HEAD);
  const lines = readBlockLines(scanner, indent);
  if (scanner.text[scanner.at - 1] !== '\n') throw NOT_PLAIN;
  return scalarNode(joinBlock(lines, style, chomp), at);
}

/** The lines of a block without their common indent. */
function readBlockLines(scanner: Scanner, indent: number): string[] {
  const { text } = scanner;
  const lines: string[] = [];
  let width = -1;
  while (scanner.at < text.length) {
    const newline = text.indexOf('\n', scanner.at);
    const line = text.slice(scanner.at, newline < 0 ? text.length : newline);
    const content = line.trimStart();
    const lineIndent = line.length - content.length;
    if (content !== '') {
      if (width < 0) width = lineIndent;
      if (width <= indent || lineIndent <= indent) break;
      if (lineIndent < width) throw NOT_PLAIN;
    } else if (width < 0 && lineIndent > 0) throw NOT_PLAIN;
    lines.push(content === '' && lineIndent <= width ? '' : line.slice(width < 0 ? 0 : width));
    scanner.at = newline < 0 ? text.length : newline + 1;
  }
  if (width <= indent) throw NOT_PLAIN;
  return lines;
}

function joinBlock(lines: readonly string[], style: string, chomp: string): string {
  const last = lines.findLastIndex((line) => line !== '') + 1;
  const content = lines.slice(0, last);
  // Folding treats empty and deeper lines in ways of their own.
  if (style === '>' && content.some((line) => line === '' || line.startsWith(' '))) throw NOT_PLAIN;
  const text = content.join(style === '>' ? ' ' : '\n');
  if (chomp === '-') return text;
  return chomp === '+' ? `${text}\n${'\n'.repeat(lines.length - last)}` : `${text}\n`;
}
