import { TsstackError } from '../../model/errors.ts';
import type { Membership } from '../cluster/cluster-files.ts';
import { bringLoneStoreBack, isLoneStoreAside } from '../cluster/lone-store.ts';
import { readStoreSetting } from '../store-file.ts';
import { ManagerRole } from './manager-role.ts';
import type { Role, RoleContext } from './role.ts';

/** Begins what this host is by its files. */
export async function startRole(context: RoleContext): Promise<Role> {
  const { files, options } = context;
  const membership = files.readMembership();
  if (membership?.role === 'worker') {
    const { WorkerRole } = await import('./worker-role.ts');
    return new WorkerRole(context, membership);
  }
  // Joining or leaving was interrupted.
  if (membership === null && isLoneStoreAside(options.dataRoot)) bringLoneStoreBack(options.dataRoot, new Date());
  if (context.sealLock.isClosed) {
    const { LockedRole } = await import('./locked-role.ts');
    return new LockedRole(context, membership);
  }
  return startManager(context, membership);
}

/** A store that cannot be reached now is no reason to leave the host's containers to themselves. */
async function startManager(context: RoleContext, membership: Membership | null): Promise<Role> {
  const { dataRoot } = context.options;
  const setting = readStoreSetting(dataRoot);
  if (setting.type === 'managed' && membership !== null) context.etcd.begin(membership);
  // What an interrupted move to etcd has left.
  else await context.etcd.end();
  try {
    return await ManagerRole.start(context, membership);
  } catch (error) {
    const isOutage = error instanceof TsstackError && error.code === 'unavailable';
    if (setting.type === 'sqlite' || !isOutage) throw error;
    const { WaitingRole } = await import('./waiting-role.ts');
    return new WaitingRole(context, membership, setting, error);
  }
}
