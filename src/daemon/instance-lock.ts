import { rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { TsstackError } from '../model/errors.ts';

/**
 * Makes sure that one daemon at a time uses a run root. The lock is a listening socket: the kernel lets it go with the process,
 * however that ends, and nobody can mistake a number for a process. daemon.pid beside it is for people and scripts.
 */
export class InstanceLock {
  readonly #server: Server;
  readonly #pidFile: string;

  private constructor(server: Server, pidFile: string) {
    this.#server = server;
    this.#pidFile = pidFile;
  }

  static async acquire(runRoot: string): Promise<InstanceLock> {
    const path = join(runRoot, 'lock.sock');
    const server = (await tryListen(path)) ?? (await replaceStale(path));
    if (server === null) {
      throw new TsstackError('exists', `another daemon uses the run root ${runRoot}`, {
        hint: 'stop it, or choose another one with --run-root and --data-root',
      });
    }
    const pidFile = join(runRoot, 'daemon.pid');
    writeFileSync(pidFile, `${process.pid}\n`);
    return new InstanceLock(server, pidFile);
  }

  release(): void {
    rmSync(this.#pidFile, { force: true });
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
