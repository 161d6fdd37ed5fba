/** Patterns of attributes: keys from the root with dots between them, of which `*` is any name or index. */
import type { NodePath } from '../tree/node.ts';

/** Whether a path is what the pattern says. */
export function matchesPath(path: NodePath, pattern: string): boolean {
  return path.length === pattern.split('.').length && isAtOrBelow(path, pattern);
}

/** Whether a path is what the pattern says, or lies below it. */
export function isAtOrBelow(path: NodePath, pattern: string): boolean {
  const keys = pattern.split('.');
  return keys.length <= path.length && keys.every((key, index) => key === '*' || key === path[index]);
}

/** The attribute that a path is about: its last name, for an item of a list that of the list. */
export function attributeOf(path: NodePath): string {
  return path.findLast((step) => typeof step === 'string') ?? '';
}
