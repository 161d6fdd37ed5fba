import { clientChannelOptions } from '../channel-options.ts';
import { grpcCaller } from './calls.ts';
import type { Caller } from './caller.ts';
import { waitUntilReady, type ConnectOptions } from './wait-until-ready.ts';

/** A connected channel without TLS. */
export async function openChannel(address: string, options: ConnectOptions): Promise<Caller> {
  options.signal?.throwIfAborted();
  const grpc = await import('./grpc.ts');
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), clientChannelOptions);
  try {
    await waitUntilReady(client, address, options);
    return grpcCaller(client);
  } catch (error) {
    client.close();
    throw error;
  }
}
