import type { MapEntry, Node } from '../tree/node.ts';

/**
 * Gives a mapping what a merge key brings and it does not say itself; of several mappings the first that says something wins.
 * False when the value is not a mapping or a list of them.
 */
export function mergeEntries(entries: Map<string, MapEntry>, value: Node): boolean {
  if (value.kind === 'list') return value.items.every((item) => mergeEntries(entries, item));
  if (value.kind !== 'map') return false;
  for (const [key, entry] of value.entries) if (!entries.has(key)) entries.set(key, entry);
  return true;
}
