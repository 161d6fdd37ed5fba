/** Which store a manager uses, and how people write that. */
import { join } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import type { EtcdTls } from '../../rpc/etcd-client.ts';

/** An etcd as a manager goes to it. */
export interface EtcdSetting {
  readonly type: 'etcd';
  /** `host:port` of each member, or `unix:PATH`. */
  readonly endpoints: readonly string[];
  /** Begins every key, so that several clusters may share an etcd. */
  readonly prefix: string;
  /** Null = in clear. */
  readonly tls: EtcdTls | null;
}

/** Where the objects of the cluster are. `managed` is an etcd of which each manager runs a member. */
export type StoreSetting = { readonly type: 'sqlite' } | { readonly type: 'managed' } | EtcdSetting;

const defaultPort = 2379;
const defaultPrefix = 'tsstack';

/** Reads `sqlite`, `etcd` (managed) or `etcd://HOST[:PORT][,HOST[:PORT]…][/PREFIX]`. */
export function parseStoreUrl(text: string, tls: EtcdTls | null): StoreSetting {
  if (text === 'sqlite') return { type: 'sqlite' };
  if (text === 'etcd') return { type: 'managed' };
  const match = /^etcd:\/\/([^/]+)(?:\/([^/]*))?$/.exec(text);
  const endpoints = match?.[1]?.split(',').map(withPort) ?? [];
  if (match === null || endpoints.length === 0 || endpoints.includes(null)) {
    throw new TsstackError(
      'invalid',
      `store "${text}": it is neither sqlite nor etcd nor etcd://HOST[:PORT][,…][/PREFIX]`,
    );
  }
  const known = endpoints.filter((endpoint) => endpoint !== null);
  return { type: 'etcd', endpoints: known, prefix: `${match[2] || defaultPrefix}/`, tls };
}

function withPort(text: string): string | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text);
  return match === null ? null : `${match[1] ?? ''}:${match[2] ?? defaultPort}`;
}

/** The text that parseStoreUrl reads. */
export function formatStoreUrl(setting: StoreSetting): string {
  if (setting.type === 'sqlite') return 'sqlite';
  if (setting.type === 'managed') return 'etcd';
  return `etcd://${setting.endpoints.join(',')}/${setting.prefix.slice(0, -1)}`;
}

/** The member of a managed etcd lies in that folder of the manager's. */
export function memberDirectory(managerDirectory: string): string {
  return join(managerDirectory, 'etcd');
}

/** What clients call the member's socket, which lies in its folder: etcd knows only names with a port. */
export const memberSocket = 'client:0';

/** How the manager with that folder goes to its etcd. Members of a managed one are for their own manager alone: they have no port for clients. */
export function etcdOf(setting: Exclude<StoreSetting, { type: 'sqlite' }>, managerDirectory: string): EtcdSetting {
  if (setting.type === 'etcd') return setting;
  const endpoint = `unix:${join(memberDirectory(managerDirectory), memberSocket)}`;
  return { type: 'etcd', endpoints: [endpoint], prefix: `${defaultPrefix}/`, tls: null };
}
