/** Typed clients. @grpc/grpc-js is loaded with the first connection, so that importing this file costs nothing. */
import { makeClient } from './client/make-client.ts';
import { openChannel } from './client/open-channel.ts';
import type { ConnectOptions } from './client/wait-until-ready.ts';
import { authorityMethods, controlMethods, dispatcherMethods, hostMethods } from './generated/contract.ts';
import type { AuthorityClient, ControlClient, DispatcherClient, HostClient } from './service-types.ts';

export type { ConnectOptions };

/** Connects to a manager's Control service at `unix:///path` or `host:port`. Rejects with `unavailable` when nobody is there, with `timeout` when somebody is and says nothing. */
export async function connectControl(address: string, options: ConnectOptions = {}): Promise<ControlClient> {
  return makeClient(await openChannel(address, options), controlMethods);
}

/** Connects to a manager's Dispatcher service at `unix:///path` or `host:port`. */
export async function connectDispatcher(address: string, options: ConnectOptions = {}): Promise<DispatcherClient> {
  return makeClient(await openChannel(address, options), dispatcherMethods);
}

/** Connects to a manager's Authority service at `unix:///path`. */
export async function connectAuthority(address: string, options: ConnectOptions = {}): Promise<AuthorityClient> {
  return makeClient(await openChannel(address, options), authorityMethods);
}

/** Connects to the Host service of a daemon at `unix:///path`. */
export async function connectHost(address: string, options: ConnectOptions = {}): Promise<HostClient> {
  return makeClient(await openChannel(address, options), hostMethods);
}
