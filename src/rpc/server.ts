/** Serves the services of the contract on one address. */
import { Server } from '@grpc/grpc-js';
import { controlMethods, dispatcherMethods } from './generated/contract.ts';
import { channelOptions } from './channel-options.ts';
import { listenTcp, listenUnix, type Listener } from './server/listener.ts';
import { bindService, type ServiceBinding } from './server/bind-service.ts';
import type { ControlHandlers, DispatcherHandlers } from './service-types.ts';

export type { ServiceBinding };

export interface RunningServer {
  /** The address in the form that clients take. */
  readonly address: string;
  /** Ends it: calls get `graceMs` (default 1 s) to finish, then they are canceled. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

/** Control, ready to be served. */
export function serveControl(handlers: ControlHandlers): ServiceBinding {
  return bindService(controlMethods, handlers);
}

/** Dispatcher, ready to be served. */
export function serveDispatcher(handlers: DispatcherHandlers): ServiceBinding {
  return bindService(dispatcherMethods, handlers);
}

/**
 * Listens at `unix:///path` (mode 0660 from the first moment, a stale socket is replaced, a live one is an error of code `exists`)
 * or at `host:port`.
 */
export async function serve(address: string, services: readonly ServiceBinding[]): Promise<RunningServer> {
  const server = new Server(channelOptions);
  for (const service of services) server.addService(service.definition, service.implementation);
  const listener = await (address.startsWith('unix:') ? listenUnix(server, address) : listenTcp(server, address));
  let stopping: Promise<void> | undefined;
  return {
    address: listener.address,
    stop: (graceMs = 1000) => (stopping ??= stop(server, listener, graceMs)),
  };
}

async function stop(server: Server, listener: Listener, graceMs: number): Promise<void> {
  await listener.release();
  const force = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(force);
}
