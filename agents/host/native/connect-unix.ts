import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';

/** sockaddr_un holds 108 bytes, of which one ends the path. */
const maxPathBytes = 107;

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Connects to the unix socket at `path`, however long that is: a run root may be anywhere. Rejects with the system's error. */
export async function connectUnix(path: string): Promise<Socket> {
  if (Buffer.byteLength(path) <= maxPathBytes) return connectTo(path);
  const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await connectTo(`/proc/self/fd/${directory.fd}/${basename(path)}`);
  } finally {
    await directory.close();
  }
}
