import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { TsstackError } from '../../model/errors.ts';

export interface Listener {
  readonly address: string;
  /** Takes the address away; connections stay. */
  release(): Promise<void>;
}

/** `sun_path` of the kernel has 108 bytes, of which one is the final zero (unix(7)). */
const maxSocketPathBytes = 107;

/**
 * Listens on a unix socket. It is bound in a directory of mode 0700 and renamed to its place when its mode is right: so nobody else
 * can connect to it before, and no umask, which belongs to the whole process, is changed meanwhile. `listen` binds it.
 */
export async function listenUnix(listen: (path: string) => Promise<void>, path: string): Promise<Listener> {
  if (Buffer.byteLength(path) > maxSocketPathBytes - '.XXXXXX/s'.length) {
    throw new TsstackError('invalid', `listen on ${path}: the path is too long for a socket`, {
      hint: 'choose a shorter run root',
    });
  }
  await refuseLiveSocket(path);
  const directory = await mkdtemp(`${dirname(path)}/.`);
  try {
    const bound = join(directory, 's');
    await listen(bound);
    await chmod(bound, 0o660);
    await rename(bound, path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const { ino } = await lstat(path);
  return { address: `unix://${path}`, release: () => unlinkOwn(path, ino) };
}

/** A socket file that nobody listens on is left from a crash and is replaced. */
async function refuseLiveSocket(path: string): Promise<void> {
  if (!(await isSomebodyListening(path))) return;
  throw new TsstackError('exists', `listen on ${path}: another daemon serves there`, {
    hint: 'stop it, or choose another run root',
  });
}

function isSomebodyListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A successor may have put its own socket at the path. */
async function unlinkOwn(path: string, ino: number): Promise<void> {
  const now = await lstat(path).catch(() => undefined);
  if (now?.ino === ino) await rm(path, { force: true });
}
