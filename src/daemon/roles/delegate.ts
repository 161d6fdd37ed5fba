import type { CallContext, Handlers } from '../../rpc/service-types.ts';
import type { MethodTable } from '../../rpc/wire/method.ts';

type AnyHandler = (requestOrStream: unknown, context: CallContext) => unknown;

/** Handlers that are at each call those of the current role: a server keeps the ones that it began with. Streams end with the role. */
export function delegate<Table extends MethodTable>(
  methods: Table,
  current: () => { readonly handlers: Handlers<Table>; readonly over: AbortSignal },
): Handlers<Table> {
  const entries = Object.entries(methods).map(([name, { kind }]) => {
    const handler: AnyHandler = (request, context) => {
      const { handlers, over } = current();
      // Every name of the table is one of the handlers.
      const call = Reflect.get(handlers, name) as AnyHandler;
      const signal = kind === 'unary' ? context.signal : AbortSignal.any([context.signal, over]);
      return call.call(handlers, request, { ...context, signal });
    };
    return [name, handler] as const;
  });
  return Object.fromEntries(entries) as unknown as Handlers<Table>;
}

/** Handlers of a service that this host does not have: each call fails with the error. */
export function refuseAll<Table extends MethodTable>(methods: Table, error: () => Error): Handlers<Table> {
  const refuse = (): never => {
    throw error();
  };
  return Object.fromEntries(Object.keys(methods).map((name) => [name, refuse])) as unknown as Handlers<Table>;
}
