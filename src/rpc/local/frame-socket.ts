/** What travels between a command and the daemon of its host, which is docs/local-calls.md. */
import type { Socket } from 'node:net';
import { TsstackError } from '../../model/errors.ts';
import { maxMessageBytes } from '../channel-options.ts';

/** The first bytes of either side. HTTP/2, which is served at the same socket, begins with `PRI`. */
export const greeting = Buffer.from('TSSTACK/1\n', 'latin1');

const types = ['call', 'message', 'end', 'failure'] as const;

export interface Frame {
  readonly type: (typeof types)[number];
  readonly payload: Buffer;
}

/** Type (1 byte), and length of the payload (4 bytes, big-endian). */
const headerBytes = 5;
const nothing = Buffer.alloc(0);

/** One end of a connection that carries one call. */
export class FrameSocket {
  readonly #socket: Socket;
  #failure: TsstackError | undefined;
  #greeted: Promise<boolean> | undefined;
  /** Wakes who waits for something to read, and those who wait for room. */
  #arrived: () => void = () => undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('connect', () => this.#arrived());
    socket.on('readable', () => this.#arrived());
    socket.on('end', () => this.#arrived());
    socket.on('drain', () => this.#makeRoom());
    socket.on('close', () => this.#wakeAll());
    // What breaks the connection is its end, which whoever reads or writes is told; `close` follows.
    socket.on('error', () => undefined);
  }

  /** True when the connection is there, false when it cannot be had. */
  async connected(): Promise<boolean> {
    while (this.#socket.connecting) await new Promise<void>((resolve) => (this.#arrived = resolve));
    if (this.#failure !== undefined) throw this.#failure;
    return !this.#socket.destroyed;
  }

  /** True when nothing can be sent any more. */
  get isClosed(): boolean {
    return !this.#socket.writable;
  }

  /** Sends this side's greeting. */
  greet(): void {
    this.#socket.write(greeting);
  }

  /** True when the other side greets, false when it speaks something else or has gone. To be asked before the first frame is received. */
  greeted(): Promise<boolean> {
    return (this.#greeted ??= this.#read(greeting.length).then((bytes) => bytes?.equals(greeting) === true));
  }

  /** The next frame; null when the other side has gone. Throws what the connection was abandoned for. */
  async receive(): Promise<Frame | null> {
    const header = await this.#read(headerBytes);
    if (header === null) return null;
    const type = types[header[0] ?? -1];
    const length = header.readUInt32BE(1);
    if (type === undefined) throw new TsstackError('internal', `a frame of unknown type ${header[0]} has come`);
    if (length > maxMessageBytes) throw new TsstackError('exhausted', `a message of ${length} bytes is too large`);
    const payload = length === 0 ? nothing : await this.#read(length);
    return payload === null ? null : { type, payload };
  }

  /** Sends a frame; what is sent to somebody who has gone is lost. */
  send(type: Frame['type'], payload: Buffer = nothing): void {
    const header = Buffer.allocUnsafe(headerBytes);
    header[0] = types.indexOf(type);
    header.writeUInt32BE(payload.length, 1);
    this.#socket.cork();
    this.#socket.write(header);
    if (payload.length > 0) this.#socket.write(payload);
    this.#socket.uncork();
  }

  /** Resolves when what has been sent is on its way, or can no longer be. */
  async drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return;
    this.#room ??= Promise.withResolvers<void>();
    await this.#room.promise;
  }

  /** Closes the connection behind what has been sent. */
  end(): void {
    this.#socket.end();
  }

  /** Gives the connection up; whoever receives is told why. */
  abandon(failure: TsstackError): void {
    this.#failure ??= failure;
    this.#socket.destroy();
    this.#wakeAll();
  }

  /** Exactly so many bytes; null when the other side has ended before them. */
  async #read(length: number): Promise<Buffer | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const bytes = this.#socket.read(length) as Buffer | null;
      // At its end a stream gives what is left.
      if (bytes !== null) return bytes.length === length ? bytes : null;
      if (this.#socket.readableEnded || this.#socket.destroyed) return null;
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #wakeAll(): void {
    this.#arrived();
    this.#makeRoom();
  }
}
