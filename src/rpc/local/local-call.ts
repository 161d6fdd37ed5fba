import { TsstackError } from '../../model/errors.ts';
import { errorOfProblem } from '../error-mapping.ts';
import type { Problem } from '../messages.ts';
import type { CallOptions, DuplexStream } from '../service-types.ts';
import { decodeMessage } from '../wire/decode.ts';
import { encodeMessage } from '../wire/encode.ts';
import type { Method } from '../wire/method.ts';
import type { FrameSocket } from './frame-socket.ts';

/** A call as its caller sees it. */
export class LocalCall implements DuplexStream<object, object> {
  readonly #frames: FrameSocket;
  readonly #method: Method;
  readonly #release: () => void;
  #isOver = false;

  /** Begins the call. `onOver` is called once, when it is over. */
  constructor(frames: FrameSocket, method: Method, { signal, deadlineMs }: CallOptions, onOver: () => void) {
    this.#frames = frames;
    this.#method = method;
    const { path } = method;
    const onAbort = (): void => this.cancel();
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      deadlineMs === undefined
        ? undefined
        : setTimeout(() => this.#give('timeout', `${path}: no answer within ${deadlineMs} ms`), deadlineMs);
    this.#release = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      onOver();
    };
    frames.send('call', Buffer.from(path));
  }

  async write(message: object): Promise<void> {
    if (this.#isOver) throw new TsstackError('canceled', 'the call is over');
    if (this.#frames.isClosed) {
      this.#finish();
      throw cut();
    }
    this.#frames.send('message', encodeMessage(this.#method.tables, this.#method.request, message));
    await this.#frames.drained();
  }

  end(): void {
    if (!this.#isOver) this.#frames.send('end');
  }

  cancel(): void {
    this.#give('canceled', `${this.#method.path}: canceled`);
  }

  /** What the server sends; throws when the call fails. Leaving it early does not end the call: writing may go on. */
  async *[Symbol.asyncIterator](): AsyncGenerator<object> {
    for (;;) {
      const bytes = await this.#receive();
      if (bytes === null) return;
      yield decodeMessage(this.#method.tables, this.#method.response, bytes);
    }
  }

  /** The bytes of the next message; null at the end of the call. */
  async #receive(): Promise<Buffer | null> {
    try {
      const frame = (await this.#frames.greeted()) ? await this.#frames.receive() : null;
      if (frame?.type === 'message') return frame.payload;
      if (frame?.type === 'failure') throw errorOfProblem(JSON.parse(frame.payload.toString()) as Problem);
      if (frame === null) throw cut();
    } catch (error) {
      this.#finish();
      throw error;
    }
    this.#finish();
    return null;
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    this.#frames.end();
  }

  #give(code: 'timeout' | 'canceled', message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    this.#frames.abandon(new TsstackError(code, message));
  }
}

function cut(): TsstackError {
  return new TsstackError('unavailable', 'the daemon of this host ended in the middle of this', {
    retryable: true,
    hint: 'containers run on, and what was asked for and noted goes on: run the command again, which starts the daemon if need be',
  });
}
