/** What this host is in its cluster changes: a worker becomes a manager, or the other way round, or a manager is at another address. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../agents/host/find-runtime.ts';
import { createRequest } from '../../manager/authority/certificates.ts';
import { formatHostPort, parseHostPort } from '../../model/host-port.ts';
import type { ClusterFacts, TakeRoleRequest, TakeRoleResponse } from '../../rpc/messages.ts';
import { trustOf } from '../../rpc/secure-client.ts';
import type { RoleHolder } from '../host-service.ts';
import { ManagerRole } from '../roles/manager-role.ts';
import type { RoleContext } from '../roles/role.ts';
import { askLeader, insist } from './ask-managers.ts';
import { chooseListen } from './choose-listen.ts';
import type { Membership } from './cluster-files.ts';
import { isOtherwise } from './is-otherwise.ts';
import { keepAccess, requireIssued } from './enter-cluster.ts';

/** Becomes what the managers want this host to be; containers do not notice. */
export async function takeRole(holder: RoleHolder, context: RoleContext, facts: ClusterFacts): Promise<void> {
  const membership = context.files.readMembership();
  // It was asked for a while ago.
  if (membership === null || !isOtherwise(facts, membership)) return;
  const { role } = holder;
  const isLeaving = role instanceof ManagerRole && facts.role === 'worker';
  try {
    // Who leads cannot be asked to let itself go.
    if (isLeaving) await role.manager.leadership?.resign();
    const listen = formatHostPort(chooseListen(membership.listen, membership.address));
    const managerAddress = managerAddressOf(membership, listen);
    const answer = await ask(holder, context, { address: membership.address, managerAddress });
    const next: Membership =
      answer.role === 'manager'
        ? { ...membership, role: 'manager', listen, managerAddress }
        : { ...membership, role: 'worker', listen: '', managerAddress: '' };
    await become(holder, context, next, answer);
  } catch (error) {
    // It stands for election again.
    if (isLeaving && holder.role === role) await holder.become(() => Promise.resolve());
    throw error;
  }
  context.log(`this host is now a ${facts.role} of the cluster`);
}

/** A manager tells the others of its new address, and gets a certificate for it. */
export async function takeAddress(holder: RoleHolder, context: RoleContext, moved: Membership): Promise<Membership> {
  const answer = await ask(holder, context, moved);
  const membership = { ...moved, managers: answer.managers };
  await holder.become(() => {
    context.files.writeIdentity(answer.key, requireIssued(answer));
    context.files.writeMembership(membership);
    return Promise.resolve();
  });
  return membership;
}

type Answer = TakeRoleResponse & { readonly key: string };

/** With the identity that is on the disk: the role may be one that has none in use. */
async function ask(
  { role }: RoleHolder,
  { files }: RoleContext,
  place: Pick<TakeRoleRequest, 'address' | 'managerAddress'>,
): Promise<Answer> {
  const membership = files.readMembership();
  if (membership === null) throw new TypeError('only a host that is in a cluster has a role there');
  const identity = files.readIdentity(membership);
  const { key, request: certificateRequest } = await createRequest();
  const hasEtcd = findProgram('etcd', process.env['PATH'] ?? '') !== undefined;
  const { address, managerAddress } = place;
  const request = { certificateRequest, address, managerAddress, hasEtcd };
  if (role instanceof ManagerRole && role.isActing) return { key, ...(await role.takeOwnRole(request)) };
  const managers = role.status.managers.filter((manager) => manager !== membership.managerAddress);
  const trust = trustOf(identity);
  const answer = await insist(() => askLeader(managers, trust, (client) => client.takeRole(request)), true);
  return { key, ...answer };
}

/** Writes down what the host is now. A crash in between leaves what it was, which the others tell again what it is to be. */
async function become(
  holder: RoleHolder,
  { files, options, etcd, sealLock }: RoleContext,
  membership: Membership,
  answer: Answer,
): Promise<void> {
  const issued = requireIssued(answer);
  const isManager = membership.role === 'manager';
  // The others have removed its member, or have let go of it.
  await etcd.end();
  await holder.become(() => {
    sealLock.forget();
    if (isManager) keepAccess(options.dataRoot, answer.store);
    files.writeIdentity(answer.key, issued);
    files.writeMembership({ ...membership, managers: answer.managers });
    // The store is the cluster's; what only managers may know goes.
    if (!isManager) rmSync(join(options.dataRoot, 'manager'), { recursive: true, force: true });
    return Promise.resolve();
  });
}

/** A worker that has never been a manager listens everywhere, at the usual port. */
function managerAddressOf({ managerAddress, address }: Membership, listen: string): string {
  if (managerAddress !== '') return managerAddress;
  return formatHostPort({ host: address, port: parseHostPort(listen)?.port ?? 0 });
}
