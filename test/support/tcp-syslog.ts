/** A syslog by TCP that keeps the lines that it gets. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { until } from './test-host.ts';

export class TcpSyslog {
  readonly port: number;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #text = '';

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** `isPaused`: after the first piece it reads nothing until it is told to. */
  static async listen(port = 0, options: { readonly isPaused?: boolean } = {}): Promise<TcpSyslog> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const syslog = new TcpSyslog(server);
    server.on('connection', (client) => syslog.#serve(client, options.isPaused === true));
    return syslog;
  }

  get address(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  /** The lines so far, when there are at least so many. */
  async lines(count: number): Promise<readonly string[]> {
    return until(
      async () => this.#text.split('\n').slice(0, -1),
      (lines) => lines.length >= count,
    );
  }

  resume(): void {
    for (const client of this.#clients) client.resume();
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket, isPaused: boolean): void {
    this.#clients.add(client);
    client.on('error', () => undefined);
    client.on('data', (data) => {
      this.#text += data.toString();
      if (isPaused) client.pause();
      isPaused = false;
    });
  }
}
