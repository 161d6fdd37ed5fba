import { TsstackError } from '../model/errors.ts';

/** Throws unless this process is root's. `action` begins the message: `start the daemon`. */
export function requireRoot(action: string): void {
  if (process.geteuid?.() === 0) return;
  throw new TsstackError('permission', `${action}: containers need root`, { hint: 'run the same command with sudo' });
}
