import type { Diagnostics } from '../diagnostics.ts';
import {
  childText,
  isNull,
  listNode,
  mapNode,
  type ListNode,
  type MapEntry,
  type MapNode,
  type Node,
} from '../tree/node.ts';
import { childRules, namesSameDriver, type RuleTree } from './rules.ts';

/**
 * Puts a later canonical tree over an earlier one. Values marked !reset and !override keep their mark: what came out may be
 * put over a third tree, which they change as well. `stripTags` removes the marks at the end.
 */
export function mergeTrees(base: Node, over: Node, rules: RuleTree | undefined, diagnostics: Diagnostics): Node {
  return new Merger(diagnostics).merge(base, over, rules);
}

const KINDS = { map: 'a mapping', list: 'a list', scalar: 'a single value' } as const;

class Merger {
  readonly #diagnostics: Diagnostics;
  readonly #path: string[] = [];

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  merge(base: Node, over: Node, rules: RuleTree | undefined): Node {
    if (over.tag !== undefined || base.tag === 'reset') return over;
    const rule = rules?.rule;
    if (isNull(over) && rule !== 'replace-also-by-null') return base;
    if (isNull(base) || rule === 'replace' || rule === 'replace-also-by-null') return over;
    if (base.kind === 'map' && over.kind === 'map') {
      const isForeign = rule === 'same-driver' && !namesSameDriver(base, over);
      return isForeign ? over : this.#mergeMaps(base, over, rules);
    }
    if (base.kind === 'list' && over.kind === 'list') {
      return rule === 'by-subnet'
        ? this.#mergeBySubnet(base, over)
        : listNode([...base.items, ...over.items], over, base.tag);
    }
    if (base.kind !== over.kind) {
      this.#diagnostics.error(over, this.#path, `cannot override ${KINDS[base.kind]} with ${KINDS[over.kind]}`);
    }
    return over;
  }

  #mergeMaps(base: MapNode, over: MapNode, rules: RuleTree | undefined): MapNode {
    const entries = new Map<string, MapEntry>(base.entries);
    for (const [key, entry] of over.entries) {
      const before = entries.get(key);
      if (before === undefined) {
        entries.set(key, entry);
        continue;
      }
      this.#path.push(key);
      const value = this.merge(before.value, entry.value, childRules(rules, key));
      this.#path.pop();
      if (value !== before.value) entries.set(key, { value, file: entry.file, offset: entry.offset });
    }
    return mapNode(entries, over, base.tag);
  }

  #mergeBySubnet(base: ListNode, over: ListNode): ListNode {
    const items = [...base.items];
    for (const item of over.items) {
      const subnet = childText(item, 'subnet');
      const index = subnet === undefined ? -1 : items.findIndex((other) => childText(other, 'subnet') === subnet);
      const before = items[index];
      if (before === undefined) items.push(item);
      else items[index] = this.merge(before, item, undefined);
    }
    return listNode(items, over, base.tag);
  }
}

/** The tree without what is marked !reset, and without marks. What has none is shared with the old tree. */
export function stripTags(node: Node): Node {
  if (node.kind === 'scalar') return node.tag === undefined ? node : { ...node, tag: undefined };
  if (node.kind === 'list') {
    const items = node.items.filter((item) => item.tag !== 'reset').map(stripTags);
    const isSame = items.length === node.items.length && items.every((item, index) => item === node.items[index]);
    return isSame && node.tag === undefined ? node : listNode(items, node);
  }
  let changed: Map<string, MapEntry> | undefined;
  for (const [key, entry] of node.entries) {
    const value = entry.value.tag === 'reset' ? undefined : stripTags(entry.value);
    if (value === entry.value) continue;
    changed ??= new Map(node.entries);
    if (value === undefined) changed.delete(key);
    else changed.set(key, { ...entry, value });
  }
  return changed === undefined && node.tag === undefined ? node : mapNode(changed ?? node.entries, node);
}
