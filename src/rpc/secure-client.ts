/** Typed clients to managers on other hosts, over TLS 1.3. */
import type { HostPort } from '../model/host-port.ts';
import { makeClient } from './client/make-client.ts';
import type { ConnectOptions } from './client/wait-until-ready.ts';
import { authorityMethods, controlMethods, dispatcherMethods } from './generated/contract.ts';
import { openSecureChannel } from './secure/open-secure-channel.ts';
import type { TlsIdentity } from './secure/tls-material.ts';
import type { Trust } from './secure/trust.ts';
import type { AuthorityClient, ControlClient, DispatcherClient } from './service-types.ts';

export type { Trust };

/** With what a node goes to managers. */
export function trustOf<Identity extends TlsIdentity>(identity: Identity): Trust & { readonly identity: Identity } {
  return { authorities: identity.authorities, identity };
}

type Connect<Client> = (manager: HostPort, trust: Trust, options?: ConnectOptions) => Promise<Client>;

/** Connects to the Control service of a manager, as another manager. */
export const connectControlOf: Connect<ControlClient> = async (manager, trust, options = {}) =>
  makeClient(await openSecureChannel(manager, trust, options), controlMethods);

/** Connects to the Dispatcher service of a manager. */
export const connectDispatcherOf: Connect<DispatcherClient> = async (manager, trust, options = {}) =>
  makeClient(await openSecureChannel(manager, trust, options), dispatcherMethods);

/** Connects to the Authority service of a manager. */
export const connectAuthorityOf: Connect<AuthorityClient> = async (manager, trust, options = {}) =>
  makeClient(await openSecureChannel(manager, trust, options), authorityMethods);
