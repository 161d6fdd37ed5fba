/** Typed clients. @grpc/grpc-js is loaded with the first connection, so that importing this file costs nothing. */
import { openChannel, type ConnectOptions } from './client/open-channel.ts';
import { makeClient } from './client/make-client.ts';
import { controlMethods, dispatcherMethods } from './generated/contract.ts';
import type { ControlClient, DispatcherClient } from './service-types.ts';

export type { ConnectOptions };

/** Connects to a manager's Control service at `unix:///path` or `host:port`. Rejects with `unavailable` when nobody answers there. */
export async function connectControl(address: string, options: ConnectOptions = {}): Promise<ControlClient> {
  return makeClient(await openChannel(address, options), controlMethods);
}

/** Connects to a manager's Dispatcher service at `unix:///path` or `host:port`. */
export async function connectDispatcher(address: string, options: ConnectOptions = {}): Promise<DispatcherClient> {
  return makeClient(await openChannel(address, options), dispatcherMethods);
}
