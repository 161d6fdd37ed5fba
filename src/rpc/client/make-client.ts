import type { Client } from '../service-types.ts';
import type { MethodTable } from '../wire/method.ts';
import type { Caller } from './caller.ts';

/** The methods of a service as functions. `Types` are the messages of the contract that the service belongs to. */
export function makeClient<Types, Table extends MethodTable>(caller: Caller, methods: Table): Client<Table, Types> {
  const entries = Object.entries(methods).map(([name, method]) => {
    if (method.kind === 'unary') return [name, caller.unary.bind(caller, method)] as const;
    if (method.kind === 'serverStream') return [name, caller.serverStream.bind(caller, method)] as const;
    return [name, caller.duplex.bind(caller, method)] as const;
  });
  // Each entry is made by the function of its kind, which the compiler cannot follow through Object.entries.
  return { ...Object.fromEntries(entries), close: () => caller.close() } as Client<Table, Types>;
}
