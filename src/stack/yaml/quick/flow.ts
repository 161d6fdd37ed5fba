import { listNode, mapNode, scalarNode, type MapEntry, type Node } from '../../tree/node.ts';
import { MAX_DEPTH } from '../limits.ts';
import { mergeEntries } from '../merge-key.ts';
import { resolvePlainScalar } from '../resolve-scalar.ts';
import { readQuoted } from './scalars.ts';
import { NOT_PLAIN, type Scanner } from './scanner.ts';

/** Ends at a flow indicator; hashes, quotes at the start and colons that could separate are for the real parser. */
const FLOW_PLAIN =
  /(?:[^\s\-?:,[\]{}#&*!|>'"%@`]|-(?=[^\s,[\]{}]))(?:[^\s,[\]{}#:]|:(?=[^\s,[\]{}]))*(?: +(?:[^\s,[\]{}#:]|:(?=[^\s,[\]{}]))+)*/y;
const ALIAS = /\*([A-Za-z0-9_.-]+)(?= |,|\]|\}|\n|$)/y;

/** A value inside brackets or braces, all on one line. */
export function readFlow(scanner: Scanner, depth: number): Node {
  if (depth > MAX_DEPTH) throw NOT_PLAIN;
  const character = scanner.character();
  if (character === '[') return readFlowList(scanner, depth);
  if (character === '{') return readFlowMap(scanner, depth);
  if (character === '*') return scanner.resolveAlias(scanner.match(ALIAS)[1] ?? '');
  if (character === '"' || character === "'") return readQuoted(scanner);
  scanner.count(1);
  const at = scanner.place();
  return scalarNode(resolvePlainScalar(scanner.take(FLOW_PLAIN)), at);
}

function readFlowList(scanner: Scanner, depth: number): Node {
  scanner.count(1);
  const at = scanner.place();
  const items: Node[] = [];
  scanner.at++;
  while (hasNext(scanner, ']', items.length === 0)) items.push(readFlow(scanner, depth + 1));
  return listNode(items, at);
}

function readFlowMap(scanner: Scanner, depth: number): Node {
  scanner.count(1);
  const at = scanner.place();
  const entries = new Map<string, MapEntry>();
  let merged: Node | undefined;
  scanner.at++;
  while (hasNext(scanner, '}', entries.size === 0 && merged === undefined)) {
    const offset = scanner.at;
    const { key, isQuoted } = scanner.takeKey();
    const isMerge = key === '<<' && !isQuoted;
    if (isMerge ? merged !== undefined : entries.has(key)) throw NOT_PLAIN;
    if (!isQuoted && typeof resolvePlainScalar(key) !== 'string') throw NOT_PLAIN;
    scanner.skipSpaces();
    const isEmpty = scanner.character() === ',' || scanner.character() === '}';
    const value = isEmpty ? scanner.emptyScalar() : readFlow(scanner, depth + 1);
    if (isMerge) merged = value;
    else entries.set(key, { value, file: scanner.file, offset });
  }
  if (merged !== undefined && !mergeEntries(entries, merged)) throw NOT_PLAIN;
  return mapNode(entries, at);
}

/** Moves past the comma between values; false at the closing bracket, which it passes, too. */
function hasNext(scanner: Scanner, close: string, isFirst: boolean): boolean {
  scanner.skipSpaces();
  if (!isFirst && scanner.character() === ',') {
    scanner.at++;
    scanner.skipSpaces();
  } else if (!isFirst && scanner.character() !== close) throw NOT_PLAIN;
  if (scanner.character() !== close) return true;
  scanner.at++;
  return false;
}
