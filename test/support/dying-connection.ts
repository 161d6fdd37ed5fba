import { createServer, connect } from 'node:net';
import type { Server, Socket } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** At which request a daemon dies, counted from 1, and whether that one still reaches the other side. */
export interface Death {
  readonly atRequest: number;
  readonly isSent: boolean;
}

/** Stands between a daemon and a helper that speaks in lines. At its death every connection ends, and there are no new ones. */
export class DyingConnection {
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: string;
  readonly #death: Death;
  #requests = 0;

  private constructor(path: string, target: string, death: Death) {
    this.path = path;
    this.#target = target;
    this.#death = death;
    this.#server = createServer((socket) => this.#join(socket));
  }

  static async open(path: string, target: string, death: Death): Promise<DyingConnection> {
    const made = new DyingConnection(path, target, death);
    made.#server.listen(path);
    await once(made.#server, 'listening');
    return made;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket): void {
    const helper = connect(this.#target);
    for (const socket of [client, helper]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    }
    helper.pipe(client);
    createInterface({ input: client }).on('line', (line) => this.#forward(line, helper));
  }

  #forward(line: string, helper: Socket): void {
    const { atRequest, isSent } = this.#death;
    this.#requests += 1;
    if (this.#requests < atRequest) helper.write(`${line}\n`);
    else if (this.#requests === atRequest && isSent) helper.write(`${line}\n`, () => this.close());
    else this.close();
  }
}
