import { existsSync, renameSync, rmSync } from 'node:fs';
import type { ModelObject } from '../../model/objects.ts';
import type { ContentSeal } from '../authority/content-seal.ts';
import { put, remove, type Change } from './change.ts';
import { StoreError } from './errors.ts';
import { EtcdStore } from './etcd/etcd-store.ts';
import { sqlitePath } from './open-store.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { etcdOf, formatStoreUrl, type EtcdSetting, type StoreSetting } from './store-setting.ts';
import type { Store } from './store.ts';

export interface Migration {
  /** Of the manager; the embedded store is a file in it. */
  readonly directory: string;
  readonly from: StoreSetting;
  readonly to: StoreSetting;
  readonly seal: ContentSeal;
  /** Called when everything has been copied: from its return on the new store is the one that counts. */
  readonly onCopied: () => void;
}

/**
 * Copies one store into the other, with the cluster's identity, so that agents do not notice. No manager may use either meanwhile. Until `onCopied`
 * the old one counts, whatever happens; afterwards it is put out of use, so that it is not taken for the true one by mistake.
 */
export async function migrateStore(migration: Migration): Promise<void> {
  const { from, to, directory } = migration;
  if (from.type === 'sqlite' && to.type !== 'sqlite') return moveToEtcd(migration, etcdOf(to, directory));
  if (from.type !== 'sqlite' && to.type === 'sqlite') return moveToSqlite(migration, etcdOf(from, directory));
  throw new StoreError(`move the store to ${formatStoreUrl(to)}: it is in ${formatStoreUrl(from)}`, {
    hint: 'a store moves between sqlite and etcd',
  });
}

async function moveToEtcd({ directory, seal, onCopied }: Migration, to: EtcdSetting): Promise<void> {
  const path = sqlitePath(directory);
  const source = new SqliteStore(path, seal);
  try {
    const { clusterId, epoch, revision } = source;
    const target = await EtcdStore.open({ ...to, seal, candidate: null, identity: { clusterId, epoch, revision } });
    try {
      await copy(source, target, formatStoreUrl(to));
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
  onCopied();
  renameSync(path, `${path}.moved`);
}

async function moveToSqlite({ directory, seal, onCopied }: Migration, from: EtcdSetting): Promise<void> {
  const path = sqlitePath(directory);
  const source = await EtcdStore.open({ ...from, seal, candidate: null });
  try {
    if (source.leader !== null) throw stillUsed(source.leader.name);
    // What an interrupted attempt has left; the file that counts has another name.
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}.new${suffix}`, { force: true });
    const now = (): Date => new Date();
    const { clusterId, epoch, revision } = source;
    const target = new SqliteStore(`${path}.new`, seal, now, { clusterId, epoch, revision });
    try {
      await copy(source, target, path);
    } finally {
      target.close();
    }
    if (existsSync(path)) renameSync(path, `${path}.moved`);
    renameSync(`${path}.new`, path);
    onCopied();
    await source.retire();
  } finally {
    source.close();
  }
}

function stillUsed(name: string): StoreError {
  return new StoreError(`move the store away from etcd: the manager ${name} uses it, too`, {
    hint: 'let the other managers leave the cluster first',
  });
}

/** Makes the target what the source is, in one transaction. */
async function copy(source: Store, target: Store, name: string): Promise<void> {
  if (target.clusterId !== source.clusterId) {
    throw new StoreError(`move the store: ${name} holds another cluster (${target.clusterId})`, {
      hint: 'choose another prefix: etcd://HOST/PREFIX',
    });
  }
  await target.update((view) => {
    const objects = source.view.everything();
    const ids = new Set(objects.map(({ id }) => id));
    const changes: Change[] = view
      .everything()
      .filter(({ id }) => !ids.has(id))
      .map(remove);
    for (const object of objects) changes.push(copyOf(object, view.get(object.kind, object.id), source));
    return { changes, result: undefined };
  });
}

function copyOf(object: ModelObject, there: ModelObject | undefined, source: Store): Change {
  return put({ ...object, version: there?.version ?? 0 }, source.payloadContent(object.id));
}
