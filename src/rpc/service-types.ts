/** Types of clients and handlers, derived from the generated method tables. */
import type {
  authorityMethods,
  controlMethods,
  dispatcherMethods,
  hostMethods,
  Messages,
} from './generated/contract.ts';
import type { NodeIdentity } from './secure/node-identity.ts';
import type { Method, MethodTable } from './wire/method.ts';

export interface CallOptions {
  /** Ends the call: it rejects with code `canceled`. */
  readonly signal?: AbortSignal;
  /** Time for the whole call. Default 30 s for unary calls, none for streams. */
  readonly deadlineMs?: number;
}

/**
 * One end of a two-way stream. Iterate it once to receive; the iteration ends when the peer has ended, and throws when the call failed. Leaving the
 * iteration early does not end the call: writing goes on until `end` or `cancel`.
 */
export interface DuplexStream<Outgoing, Incoming> extends AsyncIterable<Incoming> {
  /** Resolves when there is room for more: await it before the next write. Rejects when the call is over. */
  write(message: Outgoing): Promise<void>;
  /** No more will be written by this end. */
  end(): void;
  /** Gives the call up at both ends. Harmless when it is over. */
  cancel(): void;
}

/** Who is at the other end of a call: this host (its unix socket), a node of the cluster, or somebody who has not shown to be one. */
export type Peer =
  | { readonly kind: 'local' }
  | ({ readonly kind: 'node' } & NodeIdentity)
  /** `reason` says what is wrong with the certificate that was shown; null when there was none. */
  | { readonly kind: 'stranger'; readonly reason: string | null };

/** What a handler knows of the call it serves. */
export interface CallContext {
  readonly peer: Peer;
  /** Aborted when the client went away, canceled, or its deadline is over. */
  readonly signal: AbortSignal;
}

type Request<M extends Method, Types> = Types[M['request'] & keyof Types];
type Response<M extends Method, Types> = Types[M['response'] & keyof Types];

interface ClientCalls<M extends Method, Types> {
  unary(request: Partial<Request<M, Types>>, options?: CallOptions): Promise<Response<M, Types>>;
  serverStream(request: Partial<Request<M, Types>>, options?: CallOptions): AsyncIterable<Response<M, Types>>;
  duplex(options?: CallOptions): DuplexStream<Request<M, Types>, Response<M, Types>>;
}

interface HandlerCalls<M extends Method> {
  unary(request: Request<M, Messages>, context: CallContext): Promise<Response<M, Messages>>;
  serverStream(request: Request<M, Messages>, context: CallContext): AsyncIterable<Response<M, Messages>>;
  /** The stream is ended when the promise resolves, and failed when it rejects. */
  duplex(stream: DuplexStream<Response<M, Messages>, Request<M, Messages>>, context: CallContext): Promise<void>;
}

/** `Types` are the messages of the contract that the methods belong to. */
export type Client<Table extends MethodTable, Types = Messages> = {
  readonly [Key in keyof Table]: ClientCalls<Table[Key], Types>[Table[Key]['kind']];
} & {
  /** No more calls; those under way of a local connection fail, others may come to their end. */
  close(): void;
};

export type Handlers<Table extends MethodTable> = {
  readonly [Key in keyof Table]: HandlerCalls<Table[Key]>[Table[Key]['kind']];
};

export type ControlClient = Client<typeof controlMethods>;
export type ControlHandlers = Handlers<typeof controlMethods>;
export type DispatcherClient = Client<typeof dispatcherMethods>;
export type DispatcherHandlers = Handlers<typeof dispatcherMethods>;
export type AuthorityClient = Client<typeof authorityMethods>;
export type AuthorityHandlers = Handlers<typeof authorityMethods>;
export type HostClient = Client<typeof hostMethods>;
export type HostHandlers = Handlers<typeof hostMethods>;
