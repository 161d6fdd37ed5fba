import { TsstackError } from '../../model/errors.ts';
import type { NodeObject } from '../../model/objects.ts';

/** The nodes of those ids, beginnings of ids, or hostnames, in that order. */
export function findNodes(nodes: readonly NodeObject[], names: readonly string[]): readonly NodeObject[] {
  return names.map((name) => {
    const exact = nodes.filter(({ id, hostname }) => id === name || hostname === name);
    const found = exact.length > 0 ? exact : nodes.filter(({ id }) => id.startsWith(name));
    const [node, second] = found;
    if (node === undefined)
      throw refuse('not-found', `no such node: ${name}`, '`tsstack node ls` lists those that there are');
    if (second !== undefined) throw refuse('invalid', `${found.length} nodes are called ${name}`, 'name one by its id');
    return node;
  });
}

function refuse(code: 'not-found' | 'invalid', message: string, hint: string): TsstackError {
  return new TsstackError(code, message, { hint });
}
