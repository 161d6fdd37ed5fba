/** `node update`. Pure; the scheduler and the constraint enforcer draw the consequences. */
import { canonicalJson } from '../../model/canonical-json.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { UpdateNodeRequest, UpdateNodeResponse } from '../../rpc/messages.ts';
import { InvalidRequestError } from '../errors.ts';
import { put } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { findNode } from './find-node.ts';

export function updateNode(view: StoreView, request: UpdateNodeRequest): Transaction<UpdateNodeResponse> {
  const node = findNode(view, request.node);
  const labels = { ...withoutLabels(node, request.removeLabels), ...request.addLabels };
  const availability = readAvailability(request.availability) ?? node.availability;
  const isSame = availability === node.availability && canonicalJson(labels) === canonicalJson(node.labels);
  return { changes: isSame ? [] : [put({ ...node, labels, availability })], result: { id: node.id } };
}

function withoutLabels({ hostname, labels }: NodeObject, names: readonly string[]): NodeObject['labels'] {
  const missing = names.find((name) => !Object.hasOwn(labels, name));
  if (missing !== undefined) throw new InvalidRequestError(`node ${hostname} has no label ${missing}`);
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

function readAvailability(text: string): NodeObject['availability'] | undefined {
  if (text === '') return undefined;
  if (text === 'active' || text === 'pause' || text === 'drain') return text;
  throw new InvalidRequestError(`a node cannot be ${text}`, { hint: 'it is active, pause or drain' });
}
