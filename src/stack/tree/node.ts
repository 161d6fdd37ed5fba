import type { YamlValue } from '../compose-types.ts';
import type { SourceFile } from './source-file.ts';

/**
 * The tree that every stage of the loader works on: values of YAML that know where they were written. Nodes are never
 * changed after they were built, so that aliases, merge keys and `extends` can share them.
 */
export type Node = ScalarNode | MapNode | ListNode;

/** `reset` removes what a base file says at this place, `override` replaces it instead of merging. */
export type MergeTag = 'reset' | 'override';

/** Integers beyond 2^53 are kept as bigint: as text they must not lose digits. */
export type ScalarValue = string | number | bigint | boolean | null;

interface Located {
  readonly file: SourceFile;
  /** Offset in the text of the file. */
  readonly offset: number;
  readonly tag: MergeTag | undefined;
}

export interface ScalarNode extends Located {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
}

export interface ListNode extends Located {
  readonly kind: 'list';
  readonly items: readonly Node[];
}

export interface MapNode extends Located {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** The value of a key, and where the key itself was written. */
export interface MapEntry {
  readonly value: Node;
  readonly file: SourceFile;
  readonly offset: number;
}

/** Keys of maps and indexes of lists from the root. */
export type NodePath = readonly (string | number)[];

export function scalarNode(value: ScalarValue, at: { file: SourceFile; offset: number }, tag?: MergeTag): ScalarNode {
  return { kind: 'scalar', value, file: at.file, offset: at.offset, tag };
}

/** Stands for a value that was reported as wrong: what comes later goes on as if it had not been written. */
export function brokenNode(at: { file: SourceFile; offset: number }): ScalarNode {
  return scalarNode(null, at, 'reset');
}

export function listNode(items: readonly Node[], at: { file: SourceFile; offset: number }, tag?: MergeTag): ListNode {
  return { kind: 'list', items, file: at.file, offset: at.offset, tag };
}

export function mapNode(
  entries: ReadonlyMap<string, MapEntry>,
  at: { file: SourceFile; offset: number },
  tag?: MergeTag,
): MapNode {
  return { kind: 'map', entries, file: at.file, offset: at.offset, tag };
}

/** A map whose keys and values all stand where `at` stands: for long forms made from a short one. */
export function mapFrom(values: Readonly<Record<string, ScalarValue | Node | undefined>>, at: Node): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const node = value !== null && typeof value === 'object' ? value : scalarNode(value, at);
    entries.set(key, { value: node, file: at.file, offset: at.offset });
  }
  return mapNode(entries, at, at.tag);
}

/** The same map with one key set, added at the end if it is new. */
export function withEntry(map: MapNode, key: string, value: Node): MapNode {
  const entries = new Map(map.entries);
  const before = entries.get(key);
  entries.set(key, { value, file: before?.file ?? value.file, offset: before?.offset ?? value.offset });
  return mapNode(entries, map, map.tag);
}

export function withoutEntry(map: MapNode, key: string): MapNode {
  const entries = new Map(map.entries);
  entries.delete(key);
  return mapNode(entries, map, map.tag);
}

/** The value of a key when `node` is a map that has it. */
export function childOf(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

/** The map under a key, if it is one. */
export function childMap(node: Node | undefined, key: string): MapNode | undefined {
  const child = childOf(node, key);
  return child?.kind === 'map' ? child : undefined;
}

/** The text under a key, if it is one. */
export function childText(node: Node | undefined, key: string): string | undefined {
  const child = childOf(node, key);
  return child?.kind === 'scalar' && typeof child.value === 'string' ? child.value : undefined;
}

/** True where nothing is written as the value. */
export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** True for trees that say the same, wherever they were written. */
export function equalTrees(first: Node, second: Node): boolean {
  if (first === second) return true;
  if (first.tag !== second.tag) return false;
  if (first.kind === 'scalar') return second.kind === 'scalar' && first.value === second.value;
  if (first.kind === 'list') {
    if (second.kind !== 'list' || first.items.length !== second.items.length) return false;
    return first.items.every((item, index) => equalTrees(item, second.items[index] ?? item));
  }
  if (second.kind !== 'map' || first.entries.size !== second.entries.size) return false;
  return [...first.entries].every(([key, { value }]) => {
    const other = second.entries.get(key);
    return other !== undefined && equalTrees(value, other.value);
  });
}

/** Plain data of a tree. Integers beyond 2^53 become numbers here. */
export function toPlain(node: Node): YamlValue {
  if (node.kind === 'scalar') return typeof node.value === 'bigint' ? Number(node.value) : node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  const plain: Record<string, YamlValue> = {};
  for (const [key, entry] of node.entries) setOwn(plain, key, toPlain(entry.value));
  return plain;
}

/** Sets a property also when the key is `__proto__`, which plain assignment would take for the prototype. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** Where a path was written: the key or item itself, else its nearest ancestor that exists. */
export function findPosition(root: Node, path: NodePath): { file: SourceFile; offset: number } {
  let node: Node = root;
  let position: { file: SourceFile; offset: number } = root;
  for (const step of path) {
    if (node.kind === 'map') {
      const entry = node.entries.get(String(step));
      if (entry === undefined) return position;
      position = entry;
      node = entry.value;
    } else if (node.kind === 'list') {
      const item = node.items[Number(step)];
      if (item === undefined) return position;
      position = node = item;
    } else return position;
  }
  return position;
}

/** A path for people: `services.web.ports[0]`; keys with a dot or a space are quoted. */
export function formatPath(path: NodePath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[^\s."[\]]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `${text === '' ? '' : '.'}${JSON.stringify(step)}`;
  }
  return text;
}
