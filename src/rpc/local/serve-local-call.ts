import type { Socket } from 'node:net';
import { TsstackError } from '../../model/errors.ts';
import { problemOf } from '../error-mapping.ts';
import type { BoundMethod } from '../server/bound-methods.ts';
import type { CallContext, DuplexStream } from '../service-types.ts';
import { decodeMessage } from '../wire/decode.ts';
import { encodeMessage } from '../wire/encode.ts';
import { FrameSocket } from './frame-socket.ts';
import { IncomingMessages } from './incoming-messages.ts';

/** Serves the one call of a connection. Never rejects: the outcome goes to the caller. */
export async function serveLocalCall(socket: Socket, methods: ReadonlyMap<string, BoundMethod>): Promise<void> {
  const frames = new FrameSocket(socket);
  frames.greet();
  if (!(await frames.greeted())) return frames.end();
  const first = await frames.receive().catch(() => null);
  // Whoever only wanted to know whether somebody is here.
  if (first === null) return frames.end();
  const incoming = new IncomingMessages(frames);
  try {
    const call = new ServedCall(frames, incoming, methodOf(methods, first.payload.toString()));
    await call.run();
    call.end();
  } catch (error) {
    frames.send('failure', Buffer.from(JSON.stringify(problemOf(error))));
  }
  incoming.discard();
  frames.end();
}

function methodOf(methods: ReadonlyMap<string, BoundMethod>, path: string): BoundMethod {
  const method = methods.get(path);
  if (method !== undefined) return method;
  throw new TsstackError('unsupported', `${path}: this daemon knows no such method`, {
    hint: 'it is older or newer than the command: start it anew, containers run on',
  });
}

/** Between the bytes of a connection and the handler of a method. */
class ServedCall {
  readonly #frames: FrameSocket;
  readonly #incoming: IncomingMessages;
  readonly #bound: BoundMethod;
  readonly #context: CallContext;
  #hasEnded = false;

  constructor(frames: FrameSocket, incoming: IncomingMessages, bound: BoundMethod) {
    this.#frames = frames;
    this.#incoming = incoming;
    this.#bound = bound;
    // Whoever reaches the socket is this host: its permissions are the gate.
    this.#context = { peer: { kind: 'local' }, signal: incoming.signal };
  }

  async run(): Promise<void> {
    const bound = this.#bound;
    if (bound.kind === 'duplex') return bound.handler(this.#stream(), this.#context);
    const request = await this.#request();
    if (bound.kind === 'unary') return this.#write(await bound.handler(request, this.#context));
    for await (const message of bound.handler(request, this.#context)) {
      if (this.#context.signal.aborted) return;
      await this.#write(message);
    }
  }

  /** Tells the caller, once, that it went well. */
  end(): void {
    if (!this.#hasEnded) this.#frames.send('end');
    this.#hasEnded = true;
  }

  async #request(): Promise<object> {
    for await (const request of this.#messages()) return request;
    throw new TsstackError('invalid', `${this.#bound.method.path}: no request has come`);
  }

  #stream(): DuplexStream<object, object> {
    return {
      write: (message) => this.#write(message),
      end: () => this.end(),
      cancel: () => this.#frames.abandon(new TsstackError('canceled', `${this.#bound.method.path}: given up`)),
      [Symbol.asyncIterator]: () => this.#messages(),
    };
  }

  async *#messages(): AsyncGenerator<object> {
    const { tables, request } = this.#bound.method;
    for await (const bytes of this.#incoming) yield decodeMessage(tables, request, bytes);
  }

  async #write(message: object): Promise<void> {
    if (this.#frames.isClosed) throw new TsstackError('canceled', 'the stream is closed');
    const { tables, response } = this.#bound.method;
    this.#frames.send('message', encodeMessage(tables, response, message));
    await this.#frames.drained();
  }
}
