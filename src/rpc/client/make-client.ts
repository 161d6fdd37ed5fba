import type { Client as GrpcClient } from '@grpc/grpc-js';
import type { Client } from '../service-types.ts';
import type { MethodTable } from '../wire/method.ts';
import { callDuplex, callServerStream, callUnary } from './calls.ts';

/** The methods of a service as functions on that channel. `Types` are the messages of the contract that the service belongs to. */
export function makeClient<Types, Table extends MethodTable>(
  channel: GrpcClient,
  methods: Table,
): Client<Table, Types> {
  const entries = Object.entries(methods).map(([name, method]) => {
    if (method.kind === 'unary') return [name, callUnary.bind(null, channel, method)] as const;
    if (method.kind === 'serverStream') return [name, callServerStream.bind(null, channel, method)] as const;
    return [name, callDuplex.bind(null, channel, method)] as const;
  });
  // Each entry is made by the function of its kind, which the compiler cannot follow through Object.entries.
  return { ...Object.fromEntries(entries), close: () => channel.close() } as Client<Table, Types>;
}
