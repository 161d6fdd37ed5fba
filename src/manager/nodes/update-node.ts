/** `node update`. Pure; the scheduler and the constraint enforcer draw the consequences. */
import { canonicalJson } from '../../model/canonical-json.ts';
import { findNodeAmong } from '../../model/find-node.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { UpdateNodeRequest, UpdateNodeResponse } from '../../rpc/messages.ts';
import { InvalidRequestError } from '../errors.ts';
import { getCluster } from '../authority/cluster-object.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { checkDemotion, demote, parseRole } from './node-role.ts';

/** What decides about roles beside the store. */
export interface UpdateNodeContext {
  /** Whether managers run the etcd of their store. */
  readonly isManaged: boolean;
  readonly now: Date;
}

export function updateNode(
  view: StoreView,
  request: UpdateNodeRequest,
  context: UpdateNodeContext,
): Transaction<UpdateNodeResponse> {
  const node = findNodeAmong(view.all('node'), request.node);
  const labels = { ...withoutLabels(node, request.removeLabels), ...request.addLabels };
  const availability = readAvailability(request.availability) ?? node.availability;
  const changes = new ChangeSet(view);
  const changed = withRole(view, changes, { ...node, labels, availability }, request.role, context);
  if (canonicalJson(changed) !== canonicalJson(node)) changes.put(changed);
  return { changes: changes.changes, result: { id: node.id } };
}

/** A node changes its role itself when it hears of it, and asks for that; a manager that does not hear is one no more at once. */
function withRole(
  view: StoreView,
  changes: ChangeSet,
  node: NodeObject,
  text: string,
  { isManaged, now }: UpdateNodeContext,
): NodeObject {
  if (text === '') return node;
  const to = parseRole(text);
  // Only a cluster has roles.
  getCluster(view);
  if (to === node.role) return { ...node, roleChange: null };
  if (to === 'worker') checkDemotion(view, node, isManaged);
  if (to === 'worker' && node.state === 'down') return demote(changes, node, now);
  return { ...node, roleChange: { to, problem: '' } };
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
