import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { TsstackError } from '../../../src/model/errors.ts';
import { NativeError } from './native-error.ts';
import type { NativeErrorObject } from './native-error.ts';
import type { NetReply, NetRequest } from './net-protocol.ts';

/** The longest operation is a batch of thousands of nftables elements: seconds. */
const replyTimeoutMs = 30_000;

/** tsstack-net does not answer; the same request may succeed when it has been started again. */
export class NetConnectionError extends TsstackError {
  constructor(problem: string, cause?: unknown) {
    super('unavailable', `talk to tsstack-net: ${problem}`, { retryable: true, cause });
  }
}

interface Waiting {
  readonly resolve: (reply: object) => void;
  readonly reject: (error: Error) => void;
}

/** One connection to tsstack-net. Requests may overlap; they are executed and answered in the order of the calls. */
export class NetClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #sequence = 0;
  #failure: NetConnectionError | null = null;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // Replies keep the process alive only while somebody waits for them.
    socket.unref();
    // The reader of lines repeats the socket's errors.
    createInterface({ input: socket })
      .on('line', (line) => this.#onLine(line))
      .on('error', () => undefined);
    socket.on('error', (error) => this.#fail('the connection broke', error));
    socket.on('timeout', () => this.#fail(`no answer within ${replyTimeoutMs / 1000} s`));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#fail('it closed the connection');
        resolve();
      });
    });
  }

  static connect(path: string): Promise<NetClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const onError = (error: Error): void => reject(new NetConnectionError(`no connection at ${path}`, error));
      socket.once('error', onError);
      socket.once('connect', () => {
        socket.off('error', onError);
        resolve(new NetClient(socket));
      });
    });
  }

  get isOpen(): boolean {
    return this.#failure === null;
  }

  request<Request extends NetRequest>(request: Request): Promise<NetReply<Request>> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#sequence += 1;
    const seq = this.#sequence;
    const reply = new Promise<object>((resolve, reject) => this.#waiting.set(seq, { resolve, reject }));
    if (this.#waiting.size === 1) {
      this.#socket.ref();
      this.#socket.setTimeout(replyTimeoutMs);
    }
    this.#socket.write(`${JSON.stringify({ seq, ...request })}\n`);
    return reply as Promise<NetReply<Request>>;
  }

  close(): void {
    this.#fail('the connection was closed');
  }

  #onLine(line: string): void {
    const { seq, error, ...reply } = JSON.parse(line) as { seq: number | null; error?: NativeErrorObject };
    const waiting = seq === null ? undefined : this.#waiting.get(seq);
    if (seq === null || waiting === undefined) {
      this.#fail(`unexpected answer ${line}`);
      return;
    }
    this.#waiting.delete(seq);
    if (this.#waiting.size === 0) {
      this.#socket.setTimeout(0);
      this.#socket.unref();
    }
    if (error === undefined) waiting.resolve(reply);
    else waiting.reject(new NativeError(error));
  }

  #fail(problem: string, cause?: unknown): void {
    this.#failure ??= new NetConnectionError(problem, cause);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
    this.#socket.destroy();
  }
}
