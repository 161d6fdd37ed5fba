import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import { TsstackError } from '../../model/errors.ts';
import { greeting } from '../local/frame-socket.ts';
import { serveLocalCall } from '../local/serve-local-call.ts';
import type { BoundMethod, Service } from './bound-methods.ts';

/** Time to say something. */
const greetingMs = 10_000;

/** The unix socket of a daemon: local calls for the commands of this host (docs/local-calls.md), gRPC for everybody else. */
export class HostSocket {
  readonly #methods: ReadonlyMap<string, BoundMethod>;
  readonly #listener = createServer((socket) => this.#accept(socket));
  readonly #grpc: ReturnType<Server['createConnectionInjector']>;
  readonly #sockets = new Set<Socket>();
  readonly #idle = new Set<Socket>();

  constructor(grpc: Server, services: readonly Service[]) {
    this.#methods = new Map(services.flat().map((bound) => [bound.method.path, bound]));
    this.#grpc = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Listens at the path. */
  async listen(path: string): Promise<void> {
    try {
      this.#listener.listen(path);
      await once(this.#listener, 'listening');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TsstackError('unavailable', `listen on ${path}: ${reason}`, { cause });
    }
  }

  /** Takes no more connections; resolves when the local calls under way have ended. */
  async close(): Promise<void> {
    for (const socket of this.#idle) socket.destroy();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  /** Ends the connections that still stand. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The first byte tells which of the two it is. */
  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    this.#idle.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#idle.delete(socket);
    });
    // A connection that breaks is the end of its calls, which are told by other means.
    socket.on('error', () => undefined);
    socket.setTimeout(greetingMs, () => socket.destroy());
    socket.once('data', (bytes: Buffer) => {
      socket.setTimeout(0);
      this.#idle.delete(socket);
      socket.pause();
      socket.unshift(bytes);
      if (bytes[0] === greeting[0]) void serveLocalCall(socket, this.#methods);
      else this.#grpc.injectConnection(socket);
    });
  }
}
