import type { NodeObject } from '../../model/objects.ts';
import { InvalidRequestError, NotFoundError } from '../errors.ts';
import type { ObjectLookup } from '../store/object-index.ts';

/** The node of that id, the beginning of an id, or hostname. */
export function findNode(lookup: ObjectLookup, name: string): NodeObject {
  if (name === '') throw new InvalidRequestError('which node? the name is empty');
  const nodes = lookup.all('node');
  const exact = nodes.filter(({ id, hostname }) => id === name || hostname === name);
  const found = exact.length > 0 ? exact : nodes.filter(({ id }) => id.startsWith(name));
  const [node, second] = found;
  if (node === undefined) {
    throw new NotFoundError(`no such node: ${name}`, { hint: 'tsstack node ls lists those that there are' });
  }
  if (second === undefined) return node;
  throw new InvalidRequestError(`${found.length} nodes are called ${name}`, { hint: 'name one of them by its id' });
}
