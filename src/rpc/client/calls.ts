/** The three kinds of calls over gRPC. */
import type { Client, ServiceError } from '@grpc/grpc-js';
import { TsstackError } from '../../model/errors.ts';
import { errorOfCall } from '../error-mapping.ts';
import { StreamReader, StreamWriter } from '../message-stream.ts';
import type { CallOptions, DuplexStream } from '../service-types.ts';
import { decodeMessage } from '../wire/decode.ts';
import { encodeMessage } from '../wire/encode.ts';
import type { Method } from '../wire/method.ts';
import { defaultUnaryDeadlineMs, type Caller } from './caller.ts';

type AnyMessage = object;

/** A channel of grpc-js to call methods over. */
export function grpcCaller(client: Client): Caller {
  return {
    unary: (method, request, options) => callUnary(client, method, request, options),
    serverStream: (method, request, options) => callServerStream(client, method, request, options),
    duplex: (method, options) => callDuplex(client, method, options),
    close: () => client.close(),
  };
}

function callUnary(
  client: Client,
  method: Method,
  request: AnyMessage,
  options: CallOptions = {},
): Promise<AnyMessage> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) return reject(canceled(method));
    const call = client.makeUnaryRequest<AnyMessage, AnyMessage>(
      method.path,
      (message) => encodeMessage(method.tables, method.request, message),
      (bytes) => decodeMessage(method.tables, method.response, bytes),
      request,
      { deadline: Date.now() + (options.deadlineMs ?? defaultUnaryDeadlineMs) },
      (error: ServiceError | null, response?: AnyMessage) => {
        unfollow();
        if (error !== null) reject(errorOfCall(error));
        else if (response === undefined) reject(new TsstackError('internal', `${method.path} gave no answer`));
        else resolve(response);
      },
    );
    const unfollow = followSignal(options.signal, () => call.cancel());
  });
}

async function* callServerStream(
  client: Client,
  method: Method,
  request: AnyMessage,
  options: CallOptions = {},
): AsyncGenerator<AnyMessage> {
  if (options.signal?.aborted === true) throw canceled(method);
  const call = client.makeServerStreamRequest<AnyMessage, AnyMessage>(
    method.path,
    (message) => encodeMessage(method.tables, method.request, message),
    (bytes) => decodeMessage(method.tables, method.response, bytes),
    request,
    deadlineOf(options),
  );
  const reader = new StreamReader<AnyMessage>(call, () => call.cancel());
  const unfollow = followSignal(options.signal, () => call.cancel());
  try {
    yield* reader.messages();
  } finally {
    unfollow();
  }
}

function callDuplex(client: Client, method: Method, options: CallOptions = {}): DuplexStream<AnyMessage, AnyMessage> {
  if (options.signal?.aborted === true) throw canceled(method);
  const call = client.makeBidiStreamRequest<AnyMessage, AnyMessage>(
    method.path,
    (message) => encodeMessage(method.tables, method.request, message),
    (bytes) => decodeMessage(method.tables, method.response, bytes),
    deadlineOf(options),
  );
  // Who leaves off reading may still have something to write.
  const reader = new StreamReader<AnyMessage>(call, () => undefined);
  const writer = new StreamWriter<AnyMessage>(call);
  call.once(
    'status',
    followSignal(options.signal, () => call.cancel()),
  );
  return {
    write: (message) => writer.write(message),
    end: () => call.end(),
    cancel: () => call.cancel(),
    [Symbol.asyncIterator]: () => reader.messages(),
  };
}

function deadlineOf(options: CallOptions): { deadline: number } | Record<string, never> {
  return options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
}

/** Calls back on abort; returns what ends that, so that a long-lived signal does not collect listeners. */
function followSignal(signal: AbortSignal | undefined, onAbort: () => void): () => void {
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => signal?.removeEventListener('abort', onAbort);
}

function canceled(method: Method): TsstackError {
  return new TsstackError('canceled', `${method.path}: canceled before it began`);
}
