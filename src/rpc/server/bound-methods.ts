import type { CallContext, DuplexStream, Handlers } from '../service-types.ts';
import type { Method, MethodTable } from '../wire/method.ts';

type AnyMessage = object;
export type UnaryHandler = (request: AnyMessage, context: CallContext) => Promise<AnyMessage>;
export type ServerStreamHandler = (request: AnyMessage, context: CallContext) => AsyncIterable<AnyMessage>;
export type DuplexHandler = (stream: DuplexStream<AnyMessage, AnyMessage>, context: CallContext) => Promise<void>;

/** A method with its handler, which is of the type that the method's kind asks for. */
export type BoundMethod = { readonly name: string; readonly method: Method } & (
  | { readonly kind: 'unary'; readonly handler: UnaryHandler }
  | { readonly kind: 'serverStream'; readonly handler: ServerStreamHandler }
  | { readonly kind: 'duplex'; readonly handler: DuplexHandler }
);

/** The methods of one service with what serves them. */
export type Service = readonly BoundMethod[];

/** Joins handlers, which may be methods of an object, to the generated method table. */
export function bindMethods<Table extends MethodTable>(methods: Table, handlers: Handlers<Table>): Service {
  return Object.entries(methods).map(([name, method]) => {
    const handler: unknown = Reflect.get(handlers, name);
    const bound = typeof handler === 'function' ? (handler.bind(handlers) as unknown) : undefined;
    // The method's kind says which type the handler has, which the compiler cannot follow through Object.entries.
    return { name, method, kind: method.kind, handler: bound } as BoundMethod;
  });
}
