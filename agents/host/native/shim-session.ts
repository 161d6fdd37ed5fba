import type { ShimExit, ShimSession } from '../tasks/shim.ts';
import { frameTypes, maxPayloadBytes } from './shim-frames.ts';
import type { ShimFrame } from './shim-frames.ts';
import { ShimConnectionError } from './shim-socket.ts';
import type { ShimSocket } from './shim-socket.ts';

type Output = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Buffer };

/** Unread output above which the shim (and with it the process) has to wait. */
const highWaterBytes = 4 * 1024 * 1024;

/** A connection that serves one process's stdio. The socket is read only as fast as the consumer takes the output. */
export class SocketSession implements ShimSession {
  readonly #socket: ShimSocket;
  readonly #queue: Output[] = [];
  #queuedBytes = 0;
  #ended = false;
  #wake: () => void = () => undefined;
  readonly exit: Promise<ShimExit>;

  constructor(socket: ShimSocket) {
    this.#socket = socket;
    this.exit = new Promise((resolve, reject) => {
      socket.onFrame = (frame) => this.#onFrame(frame, resolve);
      void socket.closed.then(() => {
        this.#end();
        reject(new ShimConnectionError('it ended before the process'));
      });
    });
    // Who does not ask for the exit need not hear of a broken connection.
    this.exit.catch(() => undefined);
  }

  get output(): AsyncIterable<Output> {
    return this.#read();
  }

  async write(bytes: Buffer): Promise<void> {
    for (let start = 0; start < bytes.length; start += maxPayloadBytes) {
      await this.#socket.send(frameTypes.stdin, bytes.subarray(start, start + maxPayloadBytes));
    }
  }

  closeInput(): void {
    void this.#socket.send(frameTypes.stdinClose, new Uint8Array(0));
  }

  async resize(rows: number, columns: number): Promise<void> {
    await this.#socket.request({ op: 'resize', rows, columns });
  }

  close(): void {
    this.#socket.close();
  }

  #onFrame(frame: ShimFrame, onExit: (exit: ShimExit) => void): void {
    if (frame.type === frameTypes.exit) {
      onExit(JSON.parse(frame.payload.toString()) as ShimExit);
      this.#end();
      return;
    }
    if (frame.type !== frameTypes.stdout && frame.type !== frameTypes.stderr) return;
    this.#queue.push({ stream: frame.type === frameTypes.stdout ? 'stdout' : 'stderr', bytes: frame.payload });
    this.#queuedBytes += frame.payload.length;
    if (this.#queuedBytes > highWaterBytes) this.#socket.pause();
    this.#wake();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *#read(): AsyncGenerator<Output> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        this.#queuedBytes -= next.bytes.length;
        if (this.#queuedBytes <= highWaterBytes / 2) this.#socket.resume();
        yield next;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
