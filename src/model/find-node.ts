import { TsstackError } from './errors.ts';
import type { NodeObject } from './objects.ts';

/** The node of that id, the beginning of an id, or hostname; throws when none is meant, or several are. */
export function findNodeAmong(nodes: readonly NodeObject[], name: string): NodeObject {
  if (name === '') throw new TsstackError('invalid', 'which node? the name is empty', { hint: list });
  const exact = nodes.filter(({ id, hostname }) => id === name || hostname === name);
  const found = exact.length > 0 ? exact : nodes.filter(({ id }) => id.startsWith(name));
  const [node, second] = found;
  if (node === undefined) throw new TsstackError('not-found', `no such node: ${name}`, { hint: list });
  if (second === undefined) return node;
  throw new TsstackError('invalid', `${found.length} nodes are called ${name}`, { hint: 'name one of them by its id' });
}

const list = '`tsstack node ls` lists those that there are';
