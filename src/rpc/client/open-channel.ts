import type { Client } from '@grpc/grpc-js';
import { clientChannelOptions } from '../channel-options.ts';
import { waitUntilReady, type ConnectOptions } from './wait-until-ready.ts';

/** A connected channel without TLS, for the unix socket of this host. */
export async function openChannel(address: string, options: ConnectOptions): Promise<Client> {
  options.signal?.throwIfAborted();
  const grpc = await import('./grpc.ts');
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), clientChannelOptions);
  try {
    await waitUntilReady(client, address, options);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}
