/** Registries that misbehave, made to measure: an http server on a loopback port whose answers the test decides. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export class FakeRegistry {
  readonly #server;
  /** "METHOD /path" and the headers of everything that was asked, in order. */
  readonly requests: { readonly line: string; readonly headers: IncomingMessage['headers'] }[] = [];

  private constructor(handler: Handler) {
    this.#server = createServer((incoming, response) => {
      this.requests.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers });
      handler(incoming, response);
    });
  }

  static async start(handler: Handler): Promise<FakeRegistry> {
    const registry = new FakeRegistry(handler);
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Hands a request on to the real registry; `tamper` may change what comes back, chunk by chunk (null ends the connection). */
export function forward(
  to: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  tamper: (chunk: Buffer) => Buffer | null = (chunk) => chunk,
): void {
  const [host, port] = to.split(':');
  const { method, url, headers } = incoming;
  const sent = request({ host, port, method, path: url, headers: { ...headers, host: to } }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.on('data', (chunk: Buffer) => {
      const changed = tamper(chunk);
      if (changed === null) response.destroy();
      else response.write(changed);
    });
    answer.on('end', () => response.end());
    answer.on('error', () => response.destroy());
  });
  sent.on('error', () => response.destroy());
  sent.end();
}
