/** Node object streams, as grpc-js hands them out, as async iterables and as a writer with backpressure. */
import type { Readable, Writable } from 'node:stream';
import { TsstackError } from '../model/errors.ts';
import { errorOfCall } from './error-mapping.ts';

/**
 * Receives from a stream; made together with the call, because grpc-js tells a failure once and does not repeat it for a late listener.
 * Not the stream's own iterator: that destroys the stream when it fails, and with it the status that a server is about to send.
 */
export class StreamReader<Message> {
  readonly #stream: Readable;
  readonly #abandon: () => void;
  #failure: TsstackError | undefined;
  #isOver = false;
  #wake: () => void = () => undefined;

  /** `abandon` is called when an iteration is left before its end. */
  constructor(stream: Readable, abandon: () => void) {
    this.#stream = stream;
    this.#abandon = abandon;
    stream.on('readable', () => this.#wake());
    // To a server a client that broke off looks at first like one that has ended; the difference is told within the same turn.
    stream.on('end', () => setImmediate(() => this.#finish()));
    stream.on('cancelled', () => this.#finish(new TsstackError('canceled', 'the other end gave the stream up')));
    stream.on('close', () => setImmediate(() => this.#finish()));
    stream.on('error', (error) => this.#finish(errorOfCall(error)));
  }

  /** Messages until the peer ends the stream; throws a TsstackError when the call fails. */
  async *messages(): AsyncGenerator<Message> {
    try {
      for (;;) {
        const message = this.#stream.read() as Message | null;
        if (message !== null) yield message;
        else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#isOver) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      if (!this.#isOver) this.#abandon();
    }
  }

  #finish(failure?: TsstackError): void {
    this.#failure ??= failure;
    this.#isOver = true;
    this.#wake();
  }
}

/** Writes one message after the other and waits while the stream is full. */
export class StreamWriter<Message> {
  readonly #stream: Writable;
  #failure: TsstackError | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('drain', () => this.#release());
    stream.on('error', (error) => this.#fail(errorOfCall(error)));
    stream.on('close', () => this.#fail(new TsstackError('canceled', 'the stream is closed')));
    stream.on('cancelled', () => this.#fail(new TsstackError('canceled', 'the other end gave the stream up')));
  }

  /** Resolves when the stream takes more. Rejects when it is over. */
  async write(message: Message): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stream.writableEnded) throw new TsstackError('conflict', 'the stream has been ended');
    if (this.#stream.write(message)) return;
    this.#room ??= Promise.withResolvers<void>();
    await this.#room.promise;
  }

  #release(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #fail(failure: TsstackError): void {
    this.#failure ??= failure;
    this.#room?.reject(this.#failure);
    this.#room = undefined;
  }
}
