/** Serves the services of the contract on one address. */
import { Server } from '@grpc/grpc-js';
import { authorityMethods, controlMethods, dispatcherMethods, hostMethods } from './generated/contract.ts';
import { channelOptions } from './channel-options.ts';
import { listenTcp, listenUnix, type Listener } from './server/listener.ts';
import { bindService, type Gate } from './server/bind-service.ts';
import type {
  AuthorityHandlers,
  ControlHandlers,
  DispatcherHandlers,
  Handlers,
  HostHandlers,
} from './service-types.ts';
import type { MethodTable } from './wire/method.ts';

export interface RunningServer {
  /** The address in the form that clients take. */
  readonly address: string;
  /** Ends it: calls get `graceMs` (default 1 s) to finish, then they are canceled. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

/** Methods with their handlers, ready to be served behind a gate. */
export type Service = (gate: Gate) => ReturnType<typeof bindService>;

function service<Table extends MethodTable>(methods: Table, handlers: Handlers<Table>): Service {
  return (gate) => bindService(methods, handlers, gate);
}

/** Control, ready to be served. */
export function serveControl(handlers: ControlHandlers): Service {
  return service(controlMethods, handlers);
}

/** Dispatcher, ready to be served. */
export function serveDispatcher(handlers: DispatcherHandlers): Service {
  return service(dispatcherMethods, handlers);
}

/** Authority, ready to be served. */
export function serveAuthority(handlers: AuthorityHandlers): Service {
  return service(authorityMethods, handlers);
}

/** Host, ready to be served. */
export function serveHost(handlers: HostHandlers): Service {
  return service(hostMethods, handlers);
}

/** Adds services to a server that has not begun. */
export function addServices(server: Server, services: readonly Service[], gate: Gate): void {
  for (const bind of services) {
    const { definition, implementation } = bind(gate);
    server.addService(definition, implementation);
  }
}

/** Whoever reaches the address is this host: its permissions are the gate. */
const local: Gate = () => ({ kind: 'local' });

/**
 * Listens at `unix:///path` (mode 0660 from the first moment, a stale socket is replaced, a live one is an error of code `exists`)
 * or at `host:port`.
 */
export async function serve(address: string, services: readonly Service[]): Promise<RunningServer> {
  const server = new Server(channelOptions);
  addServices(server, services, local);
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
