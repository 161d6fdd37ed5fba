import { TsstackError } from '../../model/errors.ts';
import type { FrameSocket } from './frame-socket.ts';

/** What may wait for a handler; while there is more, its caller has to. */
const maxWaitingBytes = 1024 * 1024;

/** What a caller sends after the name of the method. Read all the time, so that it is seen when the caller goes. */
export class IncomingMessages implements AsyncIterable<Buffer> {
  readonly #frames: FrameSocket;
  readonly #gone = new AbortController();
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #hasEnded = false;
  #isWanted = true;
  #arrived: () => void = () => undefined;
  #taken: () => void = () => undefined;

  constructor(frames: FrameSocket) {
    this.#frames = frames;
    void this.#receive();
  }

  /** Aborted when the caller has gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Messages until the caller ends; throws with `canceled` when it has gone before. What comes after it was left is not kept. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const message = this.#waiting.shift();
        if (message !== undefined) {
          this.#waitingBytes -= message.length;
          this.#taken();
          yield message;
        } else if (this.#hasEnded) return;
        else if (this.signal.aborted) throw new TsstackError('canceled', 'the other end gave the stream up');
        else await new Promise<void>((resolve) => (this.#arrived = resolve));
      }
    } finally {
      this.discard();
    }
  }

  /** Nobody will take what is here, or comes. */
  discard(): void {
    this.#isWanted = false;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#taken();
  }

  async #receive(): Promise<void> {
    try {
      for (let frame = await this.#frames.receive(); frame !== null; frame = await this.#frames.receive()) {
        if (frame.type === 'end') this.#hasEnded = true;
        else if (frame.type === 'message' && this.#isWanted) await this.#keep(frame.payload);
        this.#arrived();
      }
    } catch (error) {
      // A caller that breaks the rules is as good as gone.
      if (!(error instanceof TsstackError)) throw error;
    } finally {
      this.#gone.abort();
      this.#arrived();
    }
  }

  async #keep(message: Buffer): Promise<void> {
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    this.#arrived();
    while (this.#waitingBytes > maxWaitingBytes) await new Promise<void>((resolve) => (this.#taken = resolve));
  }
}
