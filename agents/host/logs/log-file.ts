import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hasErrno } from '../errors.ts';

/** One open log file; it stays readable through its descriptor when it is renamed or deleted by rotation. */
export interface LogFile {
  readonly handle: FileHandle;
  readonly inode: number;
}

/** Rotated files are `PATH.1`, `PATH.2`, …; more than this many are not looked for. */
const maxRotated = 1000;

/**
 * Opens the log files that came after `previous` (all without it), oldest first. They are opened newest first: when a rotation
 * happens meanwhile, a file is met twice, which the inode tells, but none is missed.
 */
export async function openLogFiles(path: string, previous?: LogFile): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (let index = 0; index <= maxRotated; index += 1) {
    const file = await tryOpen(index === 0 ? path : `${path}.${index}`);
    if (file === null) {
      // The current file is absent for a moment while it is rotated.
      if (index === 0) continue;
      break;
    }
    if (file.inode === previous?.inode) {
      await file.handle.close();
      break;
    }
    if (files.some((known) => known.inode === file.inode)) await file.handle.close();
    else files.push(file);
  }
  return files.reverse();
}

export async function closeLogFiles(files: readonly LogFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.handle.close()));
}

async function tryOpen(path: string): Promise<LogFile | null> {
  try {
    const handle = await open(path, 'r');
    return { handle, inode: (await handle.stat()).ino };
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
