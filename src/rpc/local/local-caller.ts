/** Calls to the daemon of this host, one on each connection (docs/local-calls.md). */
import { connect } from 'node:net';
import { TsstackError } from '../../model/errors.ts';
import { defaultUnaryDeadlineMs, type Caller } from '../client/caller.ts';
import { defaultConnectTimeoutMs, unreachable, type ConnectOptions } from '../client/wait-until-ready.ts';
import type { CallOptions } from '../service-types.ts';
import type { Method } from '../wire/method.ts';
import { FrameSocket } from './frame-socket.ts';
import { LocalCall } from './local-call.ts';

/**
 * Connects to the socket at the path. Null when something answers there that does not take local calls: then it is to be called by gRPC.
 * Rejects with `unavailable` when nobody is there, with `timeout` when somebody is and says nothing.
 */
export async function connectLocally(path: string, options: ConnectOptions): Promise<Caller | null> {
  options.signal?.throwIfAborted();
  const address = `unix://${path}`;
  const first = open(path);
  const fail = (code: 'timeout' | 'unavailable', reason: string): void =>
    first.abandon(unreachable(code, address, reason));
  const timer = setTimeout(
    () => fail('timeout', 'no answer in time'),
    options.connectTimeoutMs ?? defaultConnectTimeoutMs,
  );
  const onAbort = (): void => first.abandon(new TsstackError('canceled', `connect to ${address}: canceled`));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    if (!(await first.connected())) throw unreachable('unavailable', address, 'nobody answers');
    if (await first.greeted()) return new LocalCaller(path, first);
    first.end();
    return null;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function open(path: string): FrameSocket {
  const frames = new FrameSocket(connect(path));
  frames.greet();
  return frames;
}

class LocalCaller implements Caller {
  readonly #path: string;
  /** The connection by which the daemon was found; the first call takes it. */
  #idle: FrameSocket | null;
  readonly #calls = new Set<LocalCall>();

  constructor(path: string, idle: FrameSocket) {
    this.#path = path;
    this.#idle = idle;
  }

  async unary(method: Method, request: object, options: CallOptions = {}): Promise<object> {
    const call = this.#begin(method, { deadlineMs: defaultUnaryDeadlineMs, ...options });
    await call.write(request);
    for await (const response of call) {
      call.cancel();
      return response;
    }
    throw new TsstackError('internal', `${method.path} gave no answer`);
  }

  async *serverStream(method: Method, request: object, options: CallOptions = {}): AsyncGenerator<object> {
    const call = this.#begin(method, options);
    await call.write(request);
    try {
      yield* call;
    } finally {
      call.cancel();
    }
  }

  duplex(method: Method, options: CallOptions = {}): LocalCall {
    return this.#begin(method, options);
  }

  close(): void {
    this.#idle?.end();
    for (const call of this.#calls) call.cancel();
  }

  #begin(method: Method, options: CallOptions): LocalCall {
    if (options.signal?.aborted === true)
      throw new TsstackError('canceled', `${method.path}: canceled before it began`);
    // The daemon may have been started anew since it was found.
    const frames = this.#idle?.isClosed === false ? this.#idle : open(this.#path);
    this.#idle = null;
    const call = new LocalCall(frames, method, options, () => this.#calls.delete(call));
    this.#calls.add(call);
    return call;
  }
}
