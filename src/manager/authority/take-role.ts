/** A node takes the role that the cluster wants it to have, or another address. */
import { TsstackError } from '../../model/errors.ts';
import { formatHostPort, parseHostPort } from '../../model/host-port.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { TakeRoleRequest, TakeRoleResponse } from '../../rpc/messages.ts';
import { InvalidRequestError } from '../errors.ts';
import { checkDemotion, demote, wantedRole } from '../nodes/node-role.ts';
import { put } from '../store/change.ts';
import { ChangeSet } from '../store/change-set.ts';
import { memberUrl } from '../store/etcd/member-url.ts';
import type { Store } from '../store/store.ts';
import { checkAddress } from './admit.ts';
import type { AuthorityContext } from './authority.ts';
import { managerAddresses } from './cluster-object.ts';
import { certified, issueFor, type Issue } from './issuer.ts';

/** What decides about a role beside the store. */
type RoleContext = Pick<AuthorityContext, 'access' | 'members' | 'now'> & {
  /** Throws when that node cannot be a manager. */
  readonly checkNewManager: (node: NodeObject, hasEtcd: boolean) => void;
};

/** Gives the node the role that it is to have, with a certificate for it. When it is a manager no more, etcd has let go of its member, too. */
export async function takeRole(
  store: Store,
  node: NodeObject,
  request: TakeRoleRequest,
  context: RoleContext,
): Promise<TakeRoleResponse> {
  const role = wantedRole(node);
  const place = placeOf(node, request);
  await noteRefusal(store, node, () => {
    if (role === 'manager' && node.role !== 'manager') context.checkNewManager(node, request.hasEtcd);
    checkAddress(store.view, place.address, node.id);
  });
  const now = context.now();
  const issue = await issueFor(store, request.certificateRequest, { id: node.id, role, address: place.address }, now);
  await noteRefusal(store, node, () =>
    store.update((view) => {
      const current = view.get('node', node.id);
      if (current === undefined || wantedRole(current) !== role) throw changedMeanwhile(node);
      const changes = new ChangeSet(view);
      if (role === 'manager') changes.put(certified({ ...current, role, roleChange: null, ...place }, issue, now));
      else {
        if (current.role === 'manager') checkDemotion(view, current, context.members !== null);
        changes.put(certified({ ...demote(changes, current, now), address: place.address }, issue, now));
      }
      return { changes: changes.changes, result: undefined };
    }),
  );
  if (role === 'worker') await dropMember(context, node, request);
  return answer(store, role, issue, context);
}

function answer(store: Store, role: NodeObject['role'], { issued }: Issue, { access }: RoleContext): TakeRoleResponse {
  return { issued, role, managers: managerAddresses(store.view), store: role === 'manager' ? access : null };
}

function placeOf(node: NodeObject, request: TakeRoleRequest): Pick<NodeObject, 'address' | 'managerAddress'> {
  const managerAddress = parseHostPort(request.managerAddress);
  if (managerAddress === undefined)
    throw new InvalidRequestError(`"${request.managerAddress}" is no ADDRESS:PORT of a manager`);
  return { address: request.address || node.address, managerAddress: formatHostPort(managerAddress) };
}

/** What will not do is kept with the node: it tries no more, and who has asked for it can see why. */
async function noteRefusal(store: Store, { id }: NodeObject, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof TsstackError) || error.retryable) throw error;
    const problem = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    await store.update((view) => {
      const node = view.get('node', id);
      if (node?.roleChange == null) return { changes: [], result: undefined };
      return { changes: [put({ ...node, roleChange: { ...node.roleChange, problem } })], result: undefined };
    });
    throw error;
  }
}

/** Before it may end: one that is only gone would be missing from the majority. The loop that follows the managers does the same, some time. */
async function dropMember({ members }: RoleContext, node: NodeObject, request: TakeRoleRequest): Promise<void> {
  if (members === null) return;
  const url = memberUrl(request.managerAddress);
  const member = (await members.list()).find(({ name, peerUrls }) => name === node.id || peerUrls.includes(url));
  if (member !== undefined) await members.remove(member);
}

function changedMeanwhile({ hostname }: NodeObject): TsstackError {
  return new TsstackError('unavailable', `change the role of ${hostname}: another one was asked for meanwhile`, {
    retryable: true,
  });
}
