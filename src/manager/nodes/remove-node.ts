/** `node rm`: takes a node out of the cluster, and from the store what was only there. Pure. */
import { TsstackError } from '../../model/errors.ts';
import { findNodeAmong } from '../../model/find-node.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { RemoveNodeRequest, RemoveNodeResponse } from '../../rpc/messages.ts';
import { checkMajority } from '../members/check-majority.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { forgetNode } from './forget-node.ts';

export interface RemoveNodeContext {
  /** Id of the node of this manager's host. */
  readonly ownNodeId: () => string | null;
  /** Whether managers run the etcd of their store. */
  readonly isManaged: boolean;
  /** In RFC 3339. */
  readonly now: string;
}

export function removeNode(
  view: StoreView,
  request: RemoveNodeRequest,
  { ownNodeId, isManaged, now }: RemoveNodeContext,
): Transaction<RemoveNodeResponse> {
  const node = findNodeAmong(view.all('node'), request.node);
  if (node.id === ownNodeId())
    throw refuse(node, 'it is the manager that leads', `run \`tsstack cluster leave\` on ${node.hostname}`);
  if (!request.force) checkForgettable(view, node);
  if (!request.force && isManaged) checkMajority(view, node);
  const { changes } = forgetNode(view, node, { reason: `node ${node.hostname} was removed`, now });
  return { changes, result: { id: node.id } };
}

/** A node that works is drained first, and data is not forgotten by the way. */
function checkForgettable(view: StoreView, node: NodeObject): void {
  const drain = `drain it with \`tsstack node update --availability drain ${node.hostname}\` and stop its daemon, or use --force`;
  if (node.state !== 'down')
    throw refuse(node, `it is ${node.state === 'ready' ? 'up' : 'not known to be down'}`, drain);
  const volumes = view.volumesOfNode(node.id).filter(({ anonymousOf }) => anonymousOf === null);
  if (volumes.length === 0) return;
  const names = volumes.map(({ name }) => name).join(', ');
  throw refuse(
    node,
    `these volumes are only there: ${names}`,
    'use --force if their content may be lost to the cluster',
  );
}

function refuse({ hostname }: NodeObject, why: string, hint: string): TsstackError {
  return new TsstackError('conflict', `remove node ${hostname}: ${why}`, { hint });
}
