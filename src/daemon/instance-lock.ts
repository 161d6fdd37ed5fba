import { linkSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { hasErrno } from '../../agents/host/errors.ts';
import { TsstackError } from '../model/errors.ts';

/** Time that the holder of a lock has to say where it serves; it may be stopped. */
const answerMs = 1000;

/**
 * Makes sure that one daemon at a time uses a data root; a run root is guarded by the daemon's own socket in it. The lock is a
 * listening socket: the kernel lets it go with the process, however that ends, and no number is mistaken for a process. It tells who
 * connects where the daemon serves.
 */
export class InstanceLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `address` is where the daemon serves, or is about to. Rejects with `exists` when there is one already at that address, with `conflict` elsewhere. */
  static async acquire(dataRoot: string, address: string): Promise<InstanceLock> {
    const path = join(dataRoot, 'lock.sock');
    for (;;) {
      const server = await tryListen(path, address);
      if (server !== null) return new InstanceLock(server);
      const found = identify(path);
      const holder = await askHolder(path);
      if (holder !== null) throw taken(dataRoot, address, holder);
      removeStale(path, found);
    }
  }

  release(): void {
    this.#server.close();
  }
}

/** Versions before this one did not say where they serve. */
function taken(dataRoot: string, address: string, holder: string): TsstackError {
  const message = `another daemon uses the data root ${dataRoot}`;
  const hint = 'stop it, or choose another one with --run-root and --data-root';
  if (holder === '' || holder === address) return new TsstackError('exists', message, { hint });
  return new TsstackError('conflict', `${message}, and serves at ${holder}`, {
    hint: `talk to that one with --host ${holder}, or choose another data root with TSSTACK_DATA_ROOT`,
  });
}

/** Null when the path is taken. */
function tryListen(path: string, address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(address);
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(new TsstackError('internal', `lock ${path}: ${error.message}`, { cause: error }));
    });
    // Not a reason to live: the daemon ends when everything else has.
    server.listen(path, () => resolve(server.unref()));
  });
}

/** Tells one socket from another that has taken its path; null when there is none. */
function identify(path: string): string | null {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.ino} ${found.mtimeNs}`;
}

/**
 * Removes the socket of a daemon that has died. Of several that start at once another one may have done so since and listen there itself: it is put
 * aside before it is looked at, which only one can do, and what is not the dead one goes back.
 */
function removeStale(path: string, dead: string | null): void {
  // While that of a living one is aside, a third one could listen in its place: this leaves it no time to.
  if (identify(path) !== dead) return;
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (identify(aside) !== dead) linkSync(aside, path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'EEXIST')) throw error;
  }
  rmSync(aside, { force: true });
}

/** Where the daemon that has the lock serves, empty when it does not say within a second; null when nobody has it. */
function askHolder(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    let said = '';
    let isHeld = false;
    const socket = connect(path, () => (isHeld = true)).setTimeout(answerMs, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => resolve(isHeld ? said : null));
  });
}
