import { findCluster } from '../../manager/authority/cluster-object.ts';
import { ChangeSet } from '../../manager/store/change-set.ts';
import type { Store } from '../../manager/store/store.ts';
import { deleteTask } from '../../manager/tasks/delete-task.ts';
import { TsstackError } from '../../model/errors.ts';
import type { LeaveClusterRequest } from '../../rpc/messages.ts';
import type { RoleHolder } from '../host-service.ts';
import type { ManagerRole } from '../roles/manager-role.ts';
import type { RoleContext } from '../roles/role.ts';
import { WaitingRole } from '../roles/waiting-role.ts';
import type { WorkerRole } from '../roles/worker-role.ts';
import { askLeader } from './ask-managers.ts';
import type { ClusterFiles, Membership } from './cluster-files.ts';

/** Time for the other managers to remove the etcd of one that leaves. */
const removalMs = 10_000;

/** The last manager takes the cluster with it; its own containers and stacks stay. Returns what the operator should know. */
export async function leaveAsManager(
  role: ManagerRole,
  files: ClusterFiles,
  membership: Membership,
): Promise<readonly string[]> {
  const { store } = role.manager;
  const { nodeId } = membership;
  const names = namesOfOthers(role, membership);
  await role.unlisten();
  files.remove();
  await forgetOthers(store, nodeId);
  return names === '' ? [] : [`the cluster is no more; on ${names} run \`tsstack cluster leave --force\``];
}

/** Throws when the last manager would leave nodes behind. */
export function checkLeave(role: ManagerRole, membership: Membership, { force }: LeaveClusterRequest): void {
  const names = namesOfOthers(role, membership);
  if (names === '' || force) return;
  throw new TsstackError(
    'conflict',
    `leave the cluster: this is its last manager, and these nodes would have none: ${names}`,
    { hint: 'run `tsstack cluster leave` on them first, or leave with --force' },
  );
}

function namesOfOthers({ manager }: ManagerRole, { nodeId }: Membership): string {
  const others = manager.store.view.all('node').filter(({ id }) => id !== nodeId);
  return others.map(({ hostname }) => hostname).join(', ');
}

async function forgetOthers(store: Store, nodeId: string): Promise<void> {
  await store.update((view) => {
    const changes = new ChangeSet(view);
    const cluster = findCluster(view);
    if (cluster !== undefined) changes.delete(cluster);
    for (const node of view.all('node')) {
      if (node.id === nodeId) changes.put({ ...node, address: '', managerAddress: '', certificate: null });
      else changes.delete(node);
    }
    for (const task of view.all('task')) if (task.nodeId !== null && task.nodeId !== nodeId) deleteTask(changes, task);
    return { changes: changes.changes, result: undefined };
  });
}

/** Whether somebody else goes on as a manager. */
export function hasOtherManagers({ manager, membership }: ManagerRole): boolean {
  const { view } = manager.store;
  return view.all('node').some(({ id, managerAddress }) => managerAddress !== '' && id !== membership?.nodeId);
}

/** A worker, or one of several managers, says good-bye and is then what it was before it joined. */
export async function leaveAsOneOfMany(
  role: WorkerRole | ManagerRole | WaitingRole,
  { files, options, etcd, sealLock }: RoleContext,
  holder: RoleHolder,
  { force }: LeaveClusterRequest,
): Promise<readonly string[]> {
  const warnings = await sayGoodBye(role, force);
  // None is left but with force: then the cluster has given them up.
  await holder.removeContainers();
  // Not before the others have removed it: one that is only gone would be missing from their majority.
  await etcd.leave(removalMs);
  const { bringLoneStoreBack } = await import('./lone-store.ts');
  await holder.become(async () => {
    files.remove();
    sealLock.forget();
    bringLoneStoreBack(options.dataRoot, new Date());
  });
  return warnings;
}

async function sayGoodBye(role: WorkerRole | ManagerRole | WaitingRole, force: boolean): Promise<readonly string[]> {
  try {
    if (role instanceof WaitingRole) throw unheard(role);
    await askLeader(role.leaders, role.trust, (client) => client.leave({ force }));
    return [];
  } catch (error) {
    if (!force) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return [
      `no manager was told (${reason}): remove the node there with \`tsstack node rm ${role.status.nodeId.slice(0, 12)}\``,
    ];
  }
}

function unheard({ status }: WaitingRole): TsstackError {
  return new TsstackError('unavailable', `leave the cluster: this manager waits for its store: ${status.problem}`, {
    hint: 'leave with --force if it will not come back, and remove the node on another manager',
  });
}
