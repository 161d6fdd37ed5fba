import { formatHostPort, type HostPort } from '../../model/host-port.ts';
import { clientChannelOptions, networkOptions } from '../channel-options.ts';
import { grpcCaller } from '../client/calls.ts';
import type { Caller } from '../client/caller.ts';
import { waitUntilReady, type ConnectOptions } from '../client/wait-until-ready.ts';
import { serverName, tlsOptions, type Trust } from './trust.ts';

/** A connected channel over TLS 1.3 to a manager; throws the reason why there is none. */
export async function openSecureChannel(to: HostPort, trust: Trust, options: ConnectOptions): Promise<Caller> {
  options.signal?.throwIfAborted();
  const grpc = await import('../client/grpc.ts');
  const { secureContext, ...verify } = tlsOptions(trust);
  const address = formatHostPort(to);
  const client = new grpc.Client(address, grpc.credentials.createFromSecureContext(secureContext, verify), {
    ...clientChannelOptions,
    ...networkOptions,
    'grpc.ssl_target_name_override': serverName,
  });
  const { connectTimeoutMs = 5000, signal } = options;
  const end = performance.now() + connectTimeoutMs;
  try {
    await waitUntilReady(client, address, options);
    return grpcCaller(client);
  } catch (error) {
    client.close();
    if (signal?.aborted === true) throw error;
    const { explainFailure } = await import('./explain-failure.ts');
    throw await explainFailure(to, trust, end - performance.now());
  }
}
