import { join } from 'node:path';
import { migrateStore } from '../../manager/store/migrate-store.ts';
import { formatStoreUrl, parseStoreUrl, type StoreSetting } from '../../manager/store/store-setting.ts';
import { TsstackError } from '../../model/errors.ts';
import type { MigrateStoreRequest } from '../../rpc/messages.ts';
import type { RoleHolder } from '../host-service.ts';
import { ManagerRole } from '../roles/manager-role.ts';
import type { RoleContext } from '../roles/role.ts';
import { readStoreSetting, writeStoreSetting } from '../store-file.ts';
import { storeSeal } from './store-seal.ts';

/** Moves the store of this manager while nobody acts on it. Returns where it was. */
export async function moveStore(
  holder: RoleHolder,
  context: RoleContext,
  request: MigrateStoreRequest,
): Promise<string> {
  const { dataRoot } = context.options;
  const to = parseStoreUrl(request.to, readTls(request));
  const from = readStoreSetting(dataRoot);
  const role = requireManager(holder, to);
  if (to.type === 'managed') await prepareMember(role);
  const { membership } = role;
  const directory = join(dataRoot, 'manager');
  const seal = storeSeal(context);
  const onCopied = (): void => writeStoreSetting(dataRoot, to);
  await holder.become(async () => {
    if (to.type === 'managed' && from.type === 'sqlite' && membership !== null) await context.etcd.found(membership);
    await migrateStore({ directory, from, to, seal, onCopied });
  });
  context.log(`the store has moved from ${formatStoreUrl(from)} to ${formatStoreUrl(to)}`);
  return formatStoreUrl(from);
}

/** The first member needs what newcomers will ask for: a certificate that names its address, which older ones do not. */
async function prepareMember(role: ManagerRole): Promise<void> {
  const { findEtcd } = await import('../etcd/find-etcd.ts');
  findEtcd();
  await role.renewCertificate();
}

function requireManager({ role }: RoleHolder, to: StoreSetting): ManagerRole {
  if (!(role instanceof ManagerRole)) {
    throw new TsstackError('unsupported', `move the store: this host is a ${role.status.role}`, {
      hint: 'run it on the manager of the cluster',
    });
  }
  if (to.type !== 'sqlite' && role.membership === null) {
    throw new TsstackError('conflict', 'move the store to etcd: this host is in no cluster, and needs it for nothing', {
      hint: 'make it the first manager of one: `tsstack cluster init`',
    });
  }
  return role;
}

function readTls({
  ca,
  certificate,
  key,
}: MigrateStoreRequest): { ca: string; certificate: string; key: string } | null {
  const given = [ca, certificate, key].filter((text) => text !== '');
  if (given.length === 0) return null;
  if (given.length === 3) return { ca, certificate, key };
  throw new TsstackError('invalid', 'an etcd with TLS takes all of --etcd-ca, --etcd-cert and --etcd-key');
}
