/** What a node is in its cluster, and how that changes. Pure. */
import type { ClusterObject, NodeObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import { InvalidRequestError } from '../errors.ts';
import type { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import { checkMajority, isMember } from '../members/check-majority.ts';

type NodeRole = NodeObject['role'];

/** Serial numbers of certificates, and when these expire (RFC 3339). */
type Serials = ClusterObject['revokedSerials'];

/** The role of that name; throws when there is none. */
export function parseRole(role: string): NodeRole {
  if (role === 'worker' || role === 'manager') return role;
  throw new InvalidRequestError(`"${role}" is no role of a node`, { hint: 'it is worker or manager' });
}

/** What the node is to be: what it is to become, unless it cannot. */
export function wantedRole({ role, roleChange }: NodeObject): NodeRole {
  return roleChange === null || roleChange.problem !== '' ? role : roleChange.to;
}

/** Throws when that manager is needed as one: by a cluster that has no other, or by the majority of a managed etcd. */
export function checkDemotion(view: StoreView, node: NodeObject, isManaged: boolean): void {
  const others = view.all('node').filter((other) => other.id !== node.id && isMember(other));
  if (others.length === 0)
    throw new TsstackError('conflict', `demote ${node.hostname}: the cluster would have no manager`, {
      hint: 'promote another node first: `tsstack node update --role manager NODE`',
    });
  if (isManaged) checkMajority(view, node, 'demote');
}

/** The node is a worker from now on: its certificates of a manager are good for nothing any more but for being that node. */
export function demote(changes: ChangeSet, node: NodeObject, now: Date): NodeObject {
  revokeSerials(changes, node.managerSerials, now);
  const worker: NodeObject = { ...node, role: 'worker', managerAddress: '', managerSerials: {}, roleChange: null };
  changes.put(worker);
  return worker;
}

/** The members of etcd refuse those certificates until they expire. */
export function revokeSerials(changes: ChangeSet, serials: Serials, now: Date): void {
  const cluster = changes.all('cluster')[0];
  if (cluster === undefined || Object.keys(serials).length === 0) return;
  changes.put({ ...cluster, revokedSerials: withoutExpired({ ...cluster.revokedSerials, ...serials }, now) });
}

/** Those that are of use to somebody still. */
export function withoutExpired(serials: Serials, now: Date): Serials {
  return Object.fromEntries(Object.entries(serials).filter(([, end]) => Date.parse(end) > now.getTime()));
}
