/** Serves the services of the contract on one socket. */
import { Server } from '@grpc/grpc-js';
import { socketPath } from '../model/socket-path.ts';
import { authorityMethods, controlMethods, dispatcherMethods, hostMethods } from './generated/contract.ts';
import { channelOptions } from './channel-options.ts';
import { listenUnix, type Listener } from './server/listener.ts';
import { bindService, type Gate } from './server/bind-service.ts';
import { bindMethods, type Service } from './server/bound-methods.ts';
import { HostSocket } from './server/host-socket.ts';
import type { AuthorityHandlers, ControlHandlers, DispatcherHandlers, HostHandlers } from './service-types.ts';

export type { Service };

export interface RunningServer {
  /** The address in the form that clients take. */
  readonly address: string;
  /** Ends it: calls get `graceMs` (default 1 s) to finish, then they are canceled. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

/** Control, ready to be served. */
export function serveControl(handlers: ControlHandlers): Service {
  return bindMethods(controlMethods, handlers);
}

/** Dispatcher, ready to be served. */
export function serveDispatcher(handlers: DispatcherHandlers): Service {
  return bindMethods(dispatcherMethods, handlers);
}

/** Authority, ready to be served. */
export function serveAuthority(handlers: AuthorityHandlers): Service {
  return bindMethods(authorityMethods, handlers);
}

/** Host, ready to be served. */
export function serveHost(handlers: HostHandlers): Service {
  return bindMethods(hostMethods, handlers);
}

/** Adds services to a server that has not begun. */
export function addServices(server: Server, services: readonly Service[], gate: Gate): void {
  for (const service of services) {
    const { definition, implementation } = bindService(service, gate);
    server.addService(definition, implementation);
  }
}

/** Whoever reaches the address is this host: its permissions are the gate. */
const local: Gate = () => ({ kind: 'local' });

/**
 * Listens at `unix:///path`, for gRPC and for local calls: mode 0660 from the first moment, a stale socket is replaced, a live one is an error of
 * code `exists`.
 */
export async function serve(address: string, services: readonly Service[]): Promise<RunningServer> {
  const server = new Server(channelOptions);
  addServices(server, services, local);
  const hostSocket = new HostSocket(server, services);
  const listener = await listenUnix((bound) => hostSocket.listen(bound), socketPath(address));
  let stopping: Promise<void> | undefined;
  return {
    address: listener.address,
    stop: (graceMs = 1000) => (stopping ??= stop(server, hostSocket, listener, graceMs)),
  };
}

async function stop(server: Server, socket: HostSocket, listener: Listener, graceMs: number): Promise<void> {
  await listener.release();
  const force = setTimeout(() => {
    server.forceShutdown();
    socket.destroy();
  }, graceMs);
  await Promise.all([new Promise<void>((resolve) => server.tryShutdown(() => resolve())), socket.close()]);
  clearTimeout(force);
}
