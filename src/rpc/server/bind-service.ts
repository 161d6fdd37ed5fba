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
import type { CallContext, DuplexStream, Handlers } from '../service-types.ts';
import { decodeMessage } from '../wire/decode.ts';
import { encodeMessage } from '../wire/encode.ts';
import type { Method, MethodTable } from '../wire/method.ts';

export interface ServiceBinding {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type AnyMessage = object;
type UnaryHandler = (request: AnyMessage, context: CallContext) => Promise<AnyMessage>;
type ServerStreamHandler = (request: AnyMessage, context: CallContext) => AsyncIterable<AnyMessage>;
type DuplexHandler = (stream: DuplexStream<AnyMessage, AnyMessage>, context: CallContext) => Promise<void>;

/** A service that @grpc/grpc-js can serve. */
export function bindService<Table extends MethodTable>(methods: Table, handlers: Handlers<Table>): ServiceBinding {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(methods)) {
    definition[name] = defineMethod(method);
    implementation[name] = implementMethod(method, boundHandler(handlers, name));
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
function implementMethod(method: Method, handler: unknown): UntypedServiceImplementation[string] {
  switch (method.kind) {
    case 'unary':
      return serveUnary(handler as UnaryHandler);
    case 'serverStream':
      return serveStream(handler as ServerStreamHandler);
    case 'duplex':
      return serveDuplex(handler as DuplexHandler);
  }
}

function serveUnary(handler: UnaryHandler): handleUnaryCall<AnyMessage, AnyMessage> {
  return (call, callback) => {
    handler(call.request, contextOf(call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(errorResponse(error)),
    );
  };
}

function serveStream(handler: ServerStreamHandler): handleServerStreamingCall<AnyMessage, AnyMessage> {
  return (call) => {
    void settle(call, async (context) => {
      const writer = new StreamWriter<AnyMessage>(call);
      for await (const message of handler(call.request, context)) {
        if (context.signal.aborted) return;
        await writer.write(message);
      }
    });
  };
}

function serveDuplex(handler: DuplexHandler): handleBidiStreamingCall<AnyMessage, AnyMessage> {
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
    void settle(call, (context) => handler(stream, context));
  };
}

type StreamingCall = ServerWritableStream<AnyMessage, AnyMessage> | ServerDuplexStream<AnyMessage, AnyMessage>;

/** Runs the handler and ends the call with its outcome. Never rejects: the outcome goes to the client. */
async function settle(call: StreamingCall, handle: (context: CallContext) => Promise<void>): Promise<void> {
  const context = contextOf(call);
  try {
    await handle(context);
    if (!call.writableEnded) call.end();
  } catch (error) {
    // grpc-js takes the status of a stream from its `error` event; nobody is left to be told after a cancellation.
    if (!context.signal.aborted) call.emit('error', errorResponse(error));
  }
}

function contextOf(call: EventEmitter & { readonly cancelled: boolean }): CallContext {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.once('cancelled', () => controller.abort());
  return { signal: controller.signal };
}

function errorResponse(error: unknown): ServerErrorResponse {
  const { code, details, json } = statusOfError(error);
  const metadata = new Metadata();
  metadata.set(errorMetadataKey, json);
  return Object.assign(new Error(details), { code, details, metadata });
}
