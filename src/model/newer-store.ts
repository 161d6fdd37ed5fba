import type { NodeObject } from './objects.ts';

/** What people are told of nodes that have seen more of the store than there is; empty when there are none, or an operator knows of it. */
export function newerStoreProblem(nodes: readonly Pick<NodeObject, 'hostname' | 'newerStore'>[]): string {
  const names = nodes.flatMap(({ hostname, newerStore }) => (newerStore?.isAccepted === false ? [hostname] : []));
  if (names.length === 0) return '';
  return `the store was set back to an older state than ${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} seen: what it does not know of there is left alone; put the newer one back, or \`tsstack cluster accept\` removes it`;
}
