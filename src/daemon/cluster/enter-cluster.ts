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
import type { Admission } from './ask-to-join.ts';
import type { Membership } from './cluster-files.ts';
import { setLoneStoreAside } from './lone-store.ts';

/** Writes down what the host is now, while it is nothing: a crash in between leaves it as it was. */
export async function enterCluster(admission: Admission, { files, options, sealLock }: RoleContext): Promise<void> {
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
