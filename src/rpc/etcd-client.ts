/** A client of etcd's v3 API. @grpc/grpc-js is loaded with the first connection. */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { ChannelCredentials, credentials as Credentials, Interceptor } from '@grpc/grpc-js';
import { clientChannelOptions } from './channel-options.ts';
import { grpcCaller } from './client/calls.ts';
import { makeClient } from './client/make-client.ts';
import {
  clusterMethods,
  kvMethods,
  leaseMethods,
  maintenanceMethods,
  watchMethods,
  type Messages,
} from './generated/etcd.ts';
import type { Client } from './service-types.ts';

export type {
  Compare,
  Event as WatchEvent,
  KeyValue,
  Member,
  RequestOp,
  TxnResponse,
  WatchResponse,
} from './generated/etcd.ts';

/** PEM texts by which this side proves who it is, and knows who the other is. */
export interface EtcdTls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const methods = { ...kvMethods, ...watchMethods, ...leaseMethods, ...clusterMethods, ...maintenanceMethods };

export type EtcdClient = Client<typeof methods, Messages>;

const channelOptions = {
  ...clientChannelOptions,
  // What is asked for is bounded by whoever asks; a watch that catches up may bring more than 16 MiB.
  'grpc.max_receive_message_length': -1,
  // A member that hangs is noticed within 9 s; etcd takes pings more often than every 5 s for an attack (--grpc-keepalive-min-time).
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 3000,
  // The default grows to two minutes, in which calls fail without a try.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
};

/** A client of one member at `host:port` or `unix:PATH`; it connects with the first call. `tls` null = in clear. */
export async function openEtcd(endpoint: string, tls: EtcdTls | null): Promise<EtcdClient> {
  const grpc = await import('./client/grpc.ts');
  // A member that knows no leader then answers `no leader` at once, instead of after its own deadline of 7 s.
  const requireLeader: Interceptor = (options, nextCall) =>
    new grpc.InterceptingCall(nextCall(options), {
      start: (metadata, listener, next) => {
        metadata.set('hasleader', 'true');
        next(metadata, listener);
      },
    });
  const credentials =
    tls === null ? grpc.credentials.createInsecure() : secureCredentials(grpc.credentials, endpoint, tls);
  const options = { ...channelOptions, ...serverNameOf(endpoint), interceptors: [requireLeader] };
  const channel = new grpc.Client(endpoint, credentials, options);
  return makeClient<Messages, typeof methods>(grpcCaller(channel), methods);
}

function hostOf(endpoint: string): string {
  return endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

/** The member has to be who it is by the name or the address at which it was called. */
function secureCredentials(
  credentials: typeof Credentials,
  endpoint: string,
  { ca, certificate, key }: EtcdTls,
): ChannelCredentials {
  const [authority, ownKey, own] = [ca, key, certificate].map((text) => Buffer.from(text));
  return credentials.createSsl(authority, ownKey, own, {
    checkServerIdentity: (_name, theirs) => checkServerIdentity(hostOf(endpoint), theirs),
  });
}

/** grpc-js would ask for the address as a name of a server, which TLS has not; any name will do, as it is not what is checked. */
function serverNameOf(endpoint: string): Record<string, string> {
  return isIP(hostOf(endpoint)) === 0 ? {} : { 'grpc.ssl_target_name_override': 'etcd' };
}
