import type { SupportedAttribute } from './supported-attribute.ts';

/** Rows of the table as a tree of keys. */
export interface SupportTree {
  readonly keys: Map<string, SupportTree>;
  row?: SupportedAttribute;
}

/** The tree of a table. */
export function buildTree(supported: readonly SupportedAttribute[]): SupportTree {
  const root: SupportTree = { keys: new Map() };
  for (const row of supported) {
    let tree = root;
    for (const key of row.path.split('.')) {
      let next = tree.keys.get(key);
      if (next === undefined) tree.keys.set(key, (next = { keys: new Map() }));
      tree = next;
    }
    tree.row = row;
  }
  return root;
}

/** What lies below a key; undefined when nothing is honoured there. */
export function step(tree: SupportTree | undefined, key: string | number): SupportTree | undefined {
  return tree?.keys.get(String(key)) ?? tree?.keys.get('*');
}
