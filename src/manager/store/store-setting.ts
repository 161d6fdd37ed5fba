/** Which store a manager uses, and how people write that. */
import { TsstackError } from '../../model/errors.ts';
import type { EtcdTls } from '../../rpc/etcd-client.ts';

/** Where the objects of the cluster are. */
export type StoreSetting =
  | { readonly type: 'sqlite' }
  | {
      readonly type: 'etcd';
      /** `host:port` of each member. */
      readonly endpoints: readonly string[];
      /** Begins every key, so that several clusters may share an etcd. */
      readonly prefix: string;
      /** Null = in clear. */
      readonly tls: EtcdTls | null;
    };

const defaultPort = 2379;
const defaultPrefix = 'tsstack';

/** Reads `sqlite` or `etcd://HOST[:PORT][,HOST[:PORT]…][/PREFIX]`. */
export function parseStoreUrl(text: string, tls: EtcdTls | null): StoreSetting {
  if (text === 'sqlite') return { type: 'sqlite' };
  const match = /^etcd:\/\/([^/]+)(?:\/([^/]*))?$/.exec(text);
  const endpoints = match?.[1]?.split(',').map(withPort) ?? [];
  if (match === null || endpoints.length === 0 || endpoints.includes(null)) {
    throw new TsstackError('invalid', `store "${text}": it is neither sqlite nor etcd://HOST[:PORT][,…][/PREFIX]`);
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
  return `etcd://${setting.endpoints.join(',')}/${setting.prefix.slice(0, -1)}`;
}
