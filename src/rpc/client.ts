/** Typed clients. @grpc/grpc-js is loaded with the first connection, so that importing this file costs nothing. */
import type { Client as GrpcClient } from '@grpc/grpc-js';
import { openChannel, type ConnectOptions } from './client/open-channel.ts';
import { callDuplex, callServerStream, callUnary } from './client/calls.ts';
import { controlMethods, dispatcherMethods } from './generated/contract.ts';
import type { Client, ControlClient, DispatcherClient } from './service-types.ts';
import type { MethodTable } from './wire/method.ts';

export type { ConnectOptions };

/** Connects to a manager's Control service at `unix:///path` or `host:port`. Rejects with `unavailable` when nobody answers there. */
export async function connectControl(address: string, options: ConnectOptions = {}): Promise<ControlClient> {
  return makeClient(await openChannel(address, options), controlMethods);
}

/** Connects to a manager's Dispatcher service at `unix:///path` or `host:port`. */
export async function connectDispatcher(address: string, options: ConnectOptions = {}): Promise<DispatcherClient> {
  return makeClient(await openChannel(address, options), dispatcherMethods);
}

function makeClient<Table extends MethodTable>(channel: GrpcClient, methods: Table): Client<Table> {
  const entries = Object.entries(methods).map(([name, method]) => {
    if (method.kind === 'unary') return [name, callUnary.bind(null, channel, method)] as const;
    if (method.kind === 'serverStream') return [name, callServerStream.bind(null, channel, method)] as const;
    return [name, callDuplex.bind(null, channel, method)] as const;
  });
  // Each entry is made by the function of its kind, which the compiler cannot follow through Object.entries.
  return { ...Object.fromEntries(entries), close: () => channel.close() } as Client<Table>;
}
