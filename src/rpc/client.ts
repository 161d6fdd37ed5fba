/** Typed clients. What a connection needs is loaded with the first one, so that importing this file costs nothing. */
import { socketPath } from '../model/socket-path.ts';
import type { Caller } from './client/caller.ts';
import { makeClient } from './client/make-client.ts';
import type { ConnectOptions } from './client/wait-until-ready.ts';
import { authorityMethods, controlMethods, dispatcherMethods, hostMethods } from './generated/contract.ts';
import type { AuthorityClient, ControlClient, DispatcherClient, HostClient } from './service-types.ts';

export type { ConnectOptions };

/**
 * Commands take local calls (docs/local-calls.md), whose code is loaded in a twentieth of the time of gRPC's; daemons that do not know them are called
 * by gRPC.
 */
async function reach(address: string, options: ConnectOptions): Promise<Caller> {
  const { connectLocally } = await import('./local/local-caller.ts');
  const caller = await connectLocally(socketPath(address), options);
  if (caller !== null) return caller;
  const { openChannel } = await import('./client/open-channel.ts');
  return openChannel(address, options);
}

/** Connects to a manager's Control service at `unix:///path`. Rejects with `unavailable` when nobody is there, with `timeout` when somebody is and says nothing. */
export async function connectControl(address: string, options: ConnectOptions = {}): Promise<ControlClient> {
  return makeClient(await reach(address, options), controlMethods);
}

/** Connects to a manager's Dispatcher service at `unix:///path`, by gRPC. */
export async function connectDispatcher(address: string, options: ConnectOptions = {}): Promise<DispatcherClient> {
  const { openChannel } = await import('./client/open-channel.ts');
  return makeClient(await openChannel(address, options), dispatcherMethods);
}

/** Connects to a manager's Authority service at `unix:///path`. */
export async function connectAuthority(address: string, options: ConnectOptions = {}): Promise<AuthorityClient> {
  return makeClient(await reach(address, options), authorityMethods);
}

/** Connects to the Host service of a daemon at `unix:///path`. */
export async function connectHost(address: string, options: ConnectOptions = {}): Promise<HostClient> {
  return makeClient(await reach(address, options), hostMethods);
}
