import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { TsstackError } from '../model/errors.ts';

/**
 * Makes sure that one daemon at a time uses a data root; a run root is guarded by the daemon's own socket in it. The lock is a
 * listening socket: the kernel lets it go with the process, however that ends, and no number is mistaken for a process.
 */
export class InstanceLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async acquire(dataRoot: string): Promise<InstanceLock> {
    const path = join(dataRoot, 'lock.sock');
    const server = (await tryListen(path)) ?? (await replaceStale(path));
    if (server === null) {
      throw new TsstackError('exists', `another daemon uses the data root ${dataRoot}`, {
        hint: 'stop it, or choose another one with --run-root and --data-root',
      });
    }
    return new InstanceLock(server);
  }

  release(): void {
    this.#server.close();
  }
}

async function replaceStale(path: string): Promise<Server | null> {
  if (await isHeld(path)) return null;
  rmSync(path, { force: true });
  return tryListen(path);
}

/** Null when the path is taken. */
function tryListen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(new TsstackError('internal', `lock ${path}: ${error.message}`, { cause: error }));
    });
    // Not a reason to live: the daemon ends when everything else has.
    server.listen(path, () => resolve(server.unref()));
  });
}

function isHeld(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
