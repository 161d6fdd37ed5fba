import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TsstackError } from '../../../src/model/errors.ts';
import { startTimer } from '../../../src/model/timer.ts';
import { connectUnix } from './connect-unix.ts';
import { NativeError } from './native-error.ts';
import type { NativeErrorObject } from './native-error.ts';
import { encodeFrame, FrameReader, frameTypes } from './shim-frames.ts';
import type { ShimFrame } from './shim-frames.ts';

/** The shim does not answer; it may have ended with its container. */
export class ShimConnectionError extends TsstackError {
  constructor(problem: string, cause?: unknown) {
    super('unavailable', `talk to the shim: ${problem}`, { retryable: true, cause });
  }
}

interface Waiting {
  readonly resolve: (reply: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: Error) => void;
}

/** One connection to a shim: requests with their replies, and every other frame to `onFrame`. */
export class ShimSocket {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #reader = new FrameReader();
  #sequence = 0;
  #failure: ShimConnectionError | null = null;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  /** Called with each frame that is no reply; set before the first request. */
  onFrame: (frame: ShimFrame) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('error', (error) => this.#fail('the connection broke', error));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#fail('it closed the connection');
        resolve();
      });
    });
  }

  static async connect(path: string): Promise<ShimSocket> {
    try {
      return new ShimSocket(await connectUnix(path));
    } catch (error) {
      throw new ShimConnectionError(`no connection at ${path}`, error);
    }
  }

  /** Sends a request; rejects with NativeError when the shim refuses, after `timeoutMs` (null = none) or when the connection ends. */
  request(body: Readonly<Record<string, unknown>>, timeoutMs: number | null = 30_000): Promise<Readonly<Record<string, unknown>>> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#sequence += 1;
    const seq = this.#sequence;
    return new Promise((resolve, reject) => {
      const onLate = (): void => this.#fail(`no answer to ${String(body['op'])} within ${timeoutMs} ms`);
      const endTimer = timeoutMs === null ? null : startTimer(timeoutMs, onLate);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          endTimer?.();
          then(value);
        };
      this.#waiting.set(seq, { resolve: settle(resolve), reject: settle(reject) });
      this.#socket.write(encodeFrame(frameTypes.request, Buffer.from(JSON.stringify({ seq, ...body }))));
    });
  }

  /** Sends bytes; resolves when there is room for more. */
  async send(type: number, payload: Uint8Array): Promise<void> {
    if (this.#failure !== null || this.#socket.write(encodeFrame(type, payload))) return;
    // A broken connection is told by `closed` and by the requests that waited; here it only means that there is nothing to wait for.
    await Promise.race([once(this.#socket, 'drain').catch(() => undefined), this.closed]);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#fail('the connection was closed');
  }

  #onData(bytes: Buffer): void {
    try {
      for (const frame of this.#reader.push(bytes)) {
        if (frame.type === frameTypes.reply) this.#onReply(frame.payload);
        else this.onFrame(frame);
      }
    } catch (error) {
      this.#fail('it sent something that is no frame', error);
    }
  }

  #onReply(payload: Buffer): void {
    const { seq, error, ...reply } = JSON.parse(payload.toString()) as { seq: number; error?: NativeErrorObject };
    const waiting = this.#waiting.get(seq);
    this.#waiting.delete(seq);
    if (error === undefined) waiting?.resolve(reply);
    else waiting?.reject(new NativeError(error));
  }

  #fail(problem: string, cause?: unknown): void {
    this.#failure ??= new ShimConnectionError(problem, cause);
    this.#socket.destroy();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.#failure);
  }
}
