import { statfsSync } from 'node:fs';
import { TsstackError } from '../../src/model/errors.ts';
import { hasErrno } from './errors.ts';
import { NativeError } from './native/native-error.ts';

/**
 * What a full disk, or quota, has stopped, as an error for people; undefined for another cause. `directories` are those that were written to: the
 * kernel does not say which of them it was, so the one whose disk is fullest is named.
 */
export function diskFullError(
  error: unknown,
  what: string,
  ...directories: readonly string[]
): TsstackError | undefined {
  const isFull =
    error instanceof NativeError
      ? error.errno === 'ENOSPC' || error.errno === 'EDQUOT'
      : hasErrno(error, 'ENOSPC', 'EDQUOT');
  if (!isFull) return undefined;
  const [fullest = ''] = directories.toSorted((a, b) => freePart(a) - freePart(b));
  return new TsstackError('exhausted', `${what}: no space left on the disk of ${fullest}`, {
    cause: error,
    hint: 'free some space there (`tsstack images --all` shows what the images take, `tsstack images rm` removes one), or start the daemon with another --data-root',
  });
}

/** Of its blocks or of its inodes, whichever are fewer; 1 for a file system without a size. */
function freePart(directory: string): number {
  const { bavail, blocks, ffree, files } = statfsSync(directory);
  return Math.min(blocks === 0 ? 1 : bavail / blocks, files === 0 ? 1 : ffree / files);
}
