import { join } from 'node:path';
import { HostPaths } from '../../../agents/host/host-paths.ts';
import { writeAtomically } from '../../../agents/host/images/store/write-atomically.ts';
import { ClusterGuard } from '../../../agents/host/session/cluster-guard.ts';
import { mkdirSync } from 'node:fs';
import { sealKeyPath } from '../../manager/authority/content-seal.ts';
import type { StoreSetting } from '../../manager/store/store-setting.ts';
import { TsstackError } from '../../model/errors.ts';
import type { IssuedCertificate, StoreAccess } from '../../rpc/messages.ts';
import type { RoleContext } from '../roles/role.ts';
import { writeStoreSetting } from '../store-file.ts';
import { askLeader } from './ask-managers.ts';
import type { Admission } from './ask-to-join.ts';
import type { Membership } from './cluster-files.ts';
import { setLoneStoreAside } from './lone-store.ts';

/**
 * Writes down what the host is now, while it is nothing: a crash in between leaves it as it was. Where that fails (a full disk, say), the cluster hears
 * of it: it would wait for a node that never comes, and count a manager in its majority.
 */
export async function enterCluster(admission: Admission, context: RoleContext): Promise<void> {
  try {
    await writeDown(admission, context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = await withdraw(admission);
    throw new TsstackError('unavailable', `enter the cluster: ${reason}`, { cause, hint });
  }
}

/** Returns what is left to do for people. */
async function withdraw(admission: Admission): Promise<string> {
  const { key, nodeId, managers } = admission;
  const { clusterId, role } = membershipOf(admission);
  const id = nodeId.slice(0, 12);
  try {
    const issued = requireIssued(admission);
    const trust = { authorities: issued.authorities, identity: { nodeId, clusterId, role, key, ...issued } };
    await askLeader(managers, trust, (client) => client.leave({ force: true }));
    return 'this host is what it was before, and the cluster has forgotten it: join again when that is mended';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `the cluster still has it as node ${id} (${reason}): run \`tsstack node rm --force ${id}\` there, and join again when that is mended`;
  }
}

async function writeDown(admission: Admission, { files, options, sealLock }: RoleContext): Promise<void> {
  const { key, nodeId, clusterId, store } = admission;
  const issued = requireIssued(admission);
  const membership = membershipOf(admission);
  setLoneStoreAside(options.dataRoot);
  // Of the store that is aside.
  sealLock.forget();
  await ClusterGuard.assign(new HostPaths(options).agentFile, nodeId, clusterId);
  if (membership.role === 'manager') keepAccess(options.dataRoot, store);
  files.writeIdentity(key, issued);
  files.writeMembership(membership);
}

/** The certificate that a manager has sent. */
export function requireIssued({ issued }: { readonly issued: IssuedCertificate | null }): IssuedCertificate {
  if (issued !== null) return issued;
  throw new TsstackError('internal', 'enter the cluster: the manager sent no certificate');
}

function membershipOf(admission: Admission): Membership {
  const { role, nodeId, clusterId, address, isAddressFound, managers, listen, managerAddress } = admission;
  const common = { nodeId, clusterId, address, isAddressFound, managers };
  if (role === 'manager') return { role, ...common, listen, managerAddress };
  return { role: 'worker', ...common, listen: '', managerAddress: '' };
}

/** A manager gets to where the cluster has its store. */
export function keepAccess(dataRoot: string, access: StoreAccess | null): void {
  if (access === null)
    throw new TsstackError('internal', 'enter the cluster: the manager did not say where its store is');
  const directory = join(dataRoot, 'manager');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeAtomically(sealKeyPath(directory), access.sealKey);
  writeStoreSetting(dataRoot, JSON.parse(access.setting) as StoreSetting);
}
