import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import { socketPath } from '../../model/socket-path.ts';

/** Throws when nobody answered because this user may not ask: to others a daemon that is forbidden looks like none at all. */
export function requireAccess(host: string): void {
  const socket = socketPath(host);
  try {
    accessSync(socket, constants.R_OK | constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return;
    throw new TsstackError('permission', `talk to the daemon: only root and the group of ${socket} may`, {
      cause: error,
      hint: 'run the same command with sudo',
    });
  }
}

/** True when a daemon has been at work there, or when this user cannot see whether. */
export function mayHaveData(dataRoot: string): boolean {
  if (['manager', 'cluster'].some((name) => existsSync(join(dataRoot, name)))) return true;
  return process.geteuid?.() !== 0 && existsSync(dataRoot);
}
