import { join } from 'node:path';
import type { ContentSeal } from '../authority/content-seal.ts';
import type { EtcdMembers } from './etcd/members.ts';
import type { Leadership, ManagerContact } from '../leadership/leadership.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { etcdOf, type StoreSetting } from './store-setting.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  /** Of the manager; the embedded store is a file in it. */
  readonly directory: string;
  readonly setting: StoreSetting;
  readonly seal: ContentSeal;
  /** As whom this manager stands for election where there may be several. */
  readonly self: ManagerContact;
}

export interface OpenedStore {
  readonly store: Store;
  /** Null where there can be only one manager. */
  readonly leadership: Leadership | null;
  /** Of a managed etcd; null elsewhere. */
  readonly members: EtcdMembers | null;
}

/** The file of the embedded store. */
export function sqlitePath(directory: string): string {
  return join(directory, 'store.db');
}

/** Opens the store of that setting. What belongs to etcd is loaded only with it. */
export async function openStore({ directory, setting, seal, self }: OpenStoreOptions): Promise<OpenedStore> {
  if (setting.type === 'sqlite')
    return { store: new SqliteStore(sqlitePath(directory), seal), leadership: null, members: null };
  const { EtcdStore } = await import('./etcd/etcd-store.ts');
  const store = await EtcdStore.open({ ...etcdOf(setting, directory), seal, candidate: self });
  return { store, leadership: store.leadership, members: setting.type === 'managed' ? store.members : null };
}
