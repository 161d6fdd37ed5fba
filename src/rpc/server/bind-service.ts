/** Joins handlers to the generated method table: decoding, encoding, cancellation and errors. */
import {
  Metadata,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
  type ServerErrorResponse,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import { errorMetadataKey, statusOfError } from '../error-mapping.ts';
import { StreamReader, StreamWriter } from '../message-stream.ts';
import type { CallContext, DuplexStream, Handlers, Peer } from '../service-types.ts';
import { decodeMessage } from '../wire/decode.ts';
import { encodeMessage } from '../wire/encode.ts';
import type { Method, MethodTable } from '../wire/method.ts';

interface ServiceBinding {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** A call as far as its origin goes. */
interface CallOrigin {
  /** ADDRESS:PORT of the other end, or what grpc-js says of a unix socket. */
  getPeer(): string;
}

/** Says who calls a method (`/package.Service/Method`); throws when they may not. */
export type Gate = (path: string, call: CallOrigin) => Peer;

type Call = EventEmitter & CallOrigin & { readonly cancelled: boolean };
type MakeContext = (call: Call) => CallContext;

type AnyMessage = object;
type UnaryHandler = (request: AnyMessage, context: CallContext) => Promise<AnyMessage>;
type ServerStreamHandler = (request: AnyMessage, context: CallContext) => AsyncIterable<AnyMessage>;
type DuplexHandler = (stream: DuplexStream<AnyMessage, AnyMessage>, context: CallContext) => Promise<void>;

/** A service that @grpc/grpc-js can serve. */
export function bindService<Table extends MethodTable>(
  methods: Table,
  handlers: Handlers<Table>,
  gate: Gate,
): ServiceBinding {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(methods)) {
    definition[name] = defineMethod(method);
    const admit = (call: Call): CallContext => contextOf(call, gate(method.path, call));
    implementation[name] = implementMethod(method, boundHandler(handlers, name), admit);
  }
  return { definition, implementation };
}

/** Handlers may be methods of an object, which they keep. */
function boundHandler(handlers: object, name: string): unknown {
  const handler: unknown = Reflect.get(handlers, name);
  return typeof handler === 'function' ? (handler.bind(handlers) as unknown) : undefined;
}

function defineMethod(method: Method): ServiceDefinition[string] {
  return {
    path: method.path,
    requestStream: method.kind === 'duplex',
    responseStream: method.kind !== 'unary',
    requestSerialize: (message: AnyMessage) => encodeMessage(method.tables, method.request, message),
    requestDeserialize: (bytes: Buffer) => decodeMessage(method.tables, method.request, bytes),
    responseSerialize: (message: AnyMessage) => encodeMessage(method.tables, method.response, message),
    responseDeserialize: (bytes: Buffer) => decodeMessage(method.tables, method.response, bytes),
  };
}

/** The method's kind says which type the handler has, which the compiler cannot follow through Object.entries. */
function implementMethod(method: Method, handler: unknown, admit: MakeContext): UntypedServiceImplementation[string] {
  switch (method.kind) {
    case 'unary':
      return serveUnary(handler as UnaryHandler, admit);
    case 'serverStream':
      return serveStream(handler as ServerStreamHandler, admit);
    case 'duplex':
      return serveDuplex(handler as DuplexHandler, admit);
  }
}

function serveUnary(handler: UnaryHandler, admit: MakeContext): handleUnaryCall<AnyMessage, AnyMessage> {
  return (call, callback) => {
    // A refusal is an answer like any other failure.
    const answer = async (): Promise<AnyMessage> => handler(call.request, admit(call));
    answer().then(
      (response) => callback(null, response),
      (error: unknown) => callback(errorResponse(error)),
    );
  };
}

function serveStream(
  handler: ServerStreamHandler,
  admit: MakeContext,
): handleServerStreamingCall<AnyMessage, AnyMessage> {
  return (call) => {
    void settle(call, admit, async (context) => {
      const writer = new StreamWriter<AnyMessage>(call);
      for await (const message of handler(call.request, context)) {
        if (context.signal.aborted) return;
        await writer.write(message);
      }
    });
  };
}

function serveDuplex(handler: DuplexHandler, admit: MakeContext): handleBidiStreamingCall<AnyMessage, AnyMessage> {
  return (call) => {
    // A handler that leaves off reading may still have something to write.
    const reader = new StreamReader<AnyMessage>(call, () => undefined);
    const writer = new StreamWriter<AnyMessage>(call);
    const stream: DuplexStream<AnyMessage, AnyMessage> = {
      write: (message) => writer.write(message),
      end: () => call.end(),
      cancel: () => call.destroy(),
      [Symbol.asyncIterator]: () => reader.messages(),
    };
    void settle(call, admit, (context) => handler(stream, context));
  };
}

type StreamingCall = ServerWritableStream<AnyMessage, AnyMessage> | ServerDuplexStream<AnyMessage, AnyMessage>;

/** Runs the handler and ends the call with its outcome. Never rejects: the outcome goes to the client. */
async function settle(
  call: StreamingCall,
  admit: MakeContext,
  handle: (context: CallContext) => Promise<void>,
): Promise<void> {
  try {
    await handle(admit(call));
    if (!call.writableEnded) call.end();
  } catch (error) {
    // grpc-js takes the status of a stream from its `error` event; nobody is left to be told after a cancellation.
    if (!call.cancelled) call.emit('error', errorResponse(error));
  }
}

function contextOf(call: Call, peer: Peer): CallContext {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.once('cancelled', () => controller.abort());
  return { peer, signal: controller.signal };
}

function errorResponse(error: unknown): ServerErrorResponse {
  const { code, details, json } = statusOfError(error);
  const metadata = new Metadata();
  metadata.set(errorMetadataKey, json);
  return Object.assign(new Error(details), { code, details, metadata });
}
