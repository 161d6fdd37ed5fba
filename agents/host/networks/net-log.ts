import { closeSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { hasErrno } from '../errors.ts';

/** How the line begins by which it says that a table of connections is full (native/net/flow-limit.c). */
export const refusedConnections = 'tsstack-net: the kernel refuses new connections';

/** How the lines begin by which it says that what is encrypted goes another way than it was asked to, or can again (native/net/wireguard/care.c). */
export const wireguardNews = 'tsstack-net: WireGuard: ';

/** What tsstack-net writes into its log from now on, for the daemon's own log: it has nobody else to tell what it notices by itself. */
export class NetLog {
  readonly #path: string;
  readonly #say: (line: string) => void;
  #offset: number;
  #rest = '';
  #watcher: FSWatcher | null = null;

  constructor(path: string, say: (line: string) => void) {
    this.#path = path;
    this.#say = say;
    this.#offset = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Begins; does nothing when it has, or when there is no log. */
  follow(): void {
    if (this.#watcher !== null) return;
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#read());
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return;
      throw error;
    }
    this.#watcher.on('error', () => this.close());
    this.#read();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #read(): void {
    const lines = (this.#rest + this.#added()).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#say(line);
  }

  #added(): string {
    const file = openSync(this.#path, 'r');
    try {
      const { size } = fstatSync(file);
      // Somebody has emptied it.
      if (size < this.#offset) this.#offset = 0;
      const bytes = Buffer.alloc(size - this.#offset);
      this.#offset += readSync(file, bytes, 0, bytes.length, this.#offset);
      return bytes.toString();
    } finally {
      closeSync(file);
    }
  }
}
