/** Serves bound methods over gRPC: decoding, encoding, cancellation and errors. */
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
import type { CallContext, DuplexStream, Peer } from '../service-types.ts';
import { decodeMessage } from '../wire/decode.ts';
import { encodeMessage } from '../wire/encode.ts';
import type { Method } from '../wire/method.ts';
import type { BoundMethod, DuplexHandler, ServerStreamHandler, Service, UnaryHandler } from './bound-methods.ts';

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
/** A service that @grpc/grpc-js can serve. */
export function bindService(service: Service, gate: Gate): ServiceBinding {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const bound of service) {
    definition[bound.name] = defineMethod(bound.method);
    implementation[bound.name] = implementMethod(bound, (call) => new LazyContext(call, gate(bound.method.path, call)));
  }
  return { definition, implementation };
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

function implementMethod(bound: BoundMethod, admit: MakeContext): UntypedServiceImplementation[string] {
  switch (bound.kind) {
    case 'unary':
      return serveUnary(bound.handler, admit);
    case 'serverStream':
      return serveStream(bound.handler, admit);
    case 'duplex':
      return serveDuplex(bound.handler, admit);
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

/** Most calls are over before anybody asks for their signal: a manager hears hundreds of heartbeats a second. */
class LazyContext implements CallContext {
  readonly peer: Peer;
  readonly #call: Call;
  #signal: AbortSignal | undefined;

  constructor(call: Call, peer: Peer) {
    this.#call = call;
    this.peer = peer;
  }

  get signal(): AbortSignal {
    return (this.#signal ??= signalOf(this.#call));
  }
}

function signalOf(call: Call): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}

function errorResponse(error: unknown): ServerErrorResponse {
  const { code, details, json } = statusOfError(error);
  const metadata = new Metadata();
  metadata.set(errorMetadataKey, json);
  return Object.assign(new Error(details), { code, details, metadata });
}
