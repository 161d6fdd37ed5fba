import { TsstackError } from '../../model/errors.ts';
import type { Membership } from '../cluster/cluster-files.ts';
import { bringLoneStoreBack, isLoneStoreAside } from '../cluster/lone-store.ts';
import { readStoreSetting } from '../store-file.ts';
import { ManagerRole } from './manager-role.ts';
import type { Role, RoleContext } from './role.ts';
import type { WaitingRole } from './waiting-role.ts';

const newMember = 'the etcd of this manager is about to join those of the others';
const newMemberHint = 'that takes some seconds: run the command again, or on another manager';

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
  const isManaged = setting.type === 'managed' && membership !== null;
  // It has yet to be taken in by the others, who go on telling the agent of this host meanwhile.
  const isNewMember = isManaged && context.etcd.isNew;
  if (isManaged) context.etcd.begin(membership);
  // What an interrupted move to etcd has left.
  else await context.etcd.end();
  if (isNewMember)
    return wait(context, membership, setting, new TsstackError('unavailable', newMember, { hint: newMemberHint }));
  try {
    return await ManagerRole.start(context, membership);
  } catch (error) {
    const isOutage = error instanceof TsstackError && error.code === 'unavailable';
    if (setting.type === 'sqlite' || !isOutage) throw error;
    return wait(context, membership, setting, error);
  }
}

async function wait(...args: ConstructorParameters<typeof WaitingRole>): Promise<Role> {
  const waiting = await import('./waiting-role.ts');
  return new waiting.WaitingRole(...args);
}
