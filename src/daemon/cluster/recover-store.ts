import { join } from 'node:path';
import { removeNode } from '../../manager/nodes/remove-node.ts';
import { EtcdStore } from '../../manager/store/etcd/etcd-store.ts';
import { etcdOf } from '../../manager/store/store-setting.ts';
import { TsstackError } from '../../model/errors.ts';
import type { RoleHolder } from '../host-service.ts';
import type { RoleContext } from '../roles/role.ts';
import { readStoreSetting } from '../store-file.ts';
import type { Membership } from './cluster-files.ts';
import { storeSeal } from './store-seal.ts';

/** The lease of the leader that was lost goes on for a while when etcd is back. */
const leaseMs = 15_000;

/** Makes this manager the only one, with what its etcd has. Returns the names of those that were removed. */
export async function recoverStore(holder: RoleHolder, context: RoleContext): Promise<readonly string[]> {
  const membership = context.files.readMembership();
  const { dataRoot } = context.options;
  if (membership?.role !== 'manager' || readStoreSetting(dataRoot).type !== 'managed') {
    throw new TsstackError('conflict', 'recover the store: this host is no manager that runs the etcd of its store', {
      hint: 'an etcd of your own is recovered by its own means (etcdctl snapshot restore)',
    });
  }
  const members = await context.etcd.describe(membership);
  if (members.some(({ state }) => state === 'leader')) {
    throw new TsstackError('conflict', 'recover the store: it has a majority, and nothing is lost', {
      hint: 'a manager that does not come back is removed with `tsstack node rm`',
    });
  }
  let removed: readonly string[] = [];
  await holder.become(async () => {
    await context.etcd.recover(membership);
    removed = await removeManagers(context, membership);
  });
  context.log(`this manager is alone with what its etcd had; removed: ${removed.join(', ') || 'nobody'}`);
  return removed;
}

/** Their certificates are refused from now on: whoever comes back all the same has to join again. */
async function removeManagers(context: RoleContext, { nodeId }: Membership): Promise<readonly string[]> {
  const address = etcdOf({ type: 'managed' }, join(context.options.dataRoot, 'manager'));
  const store = await EtcdStore.open({ ...address, seal: storeSeal(context), candidate: null });
  try {
    await store.untilUnled(AbortSignal.timeout(leaseMs));
    const others = store.view.all('node').filter(({ id, role }) => role === 'manager' && id !== nodeId);
    for (const { id } of others) {
      const remove = { ownNodeId: () => nodeId, isManaged: false, now: new Date().toISOString() };
      await store.update((view) => removeNode(view, { node: id, force: true }, remove));
    }
    return others.map(({ hostname }) => hostname);
  } finally {
    store.close();
  }
}
