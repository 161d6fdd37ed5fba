import { defaultDeadlines } from './deadlines.ts';
import type { RegistryDeadlines } from './deadlines.ts';
import { RegistryClient } from './registry-client.ts';

/** One client for each registry, so that tokens and connections are shared by all pulls. */
export class RegistryAccess {
  readonly #deadlines: RegistryDeadlines;
  readonly #clients = new Map<string, RegistryClient>();

  constructor(deadlines: RegistryDeadlines = defaultDeadlines) {
    this.#deadlines = deadlines;
  }

  client(host: string): RegistryClient {
    const known = this.#clients.get(host);
    if (known !== undefined) return known;
    const client = new RegistryClient(host, this.#deadlines);
    this.#clients.set(host, client);
    return client;
  }
}
