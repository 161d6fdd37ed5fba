import { bringLoneStoreBack, isLoneStoreAside } from '../cluster/lone-store.ts';
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
  return ManagerRole.start(context, membership);
}
