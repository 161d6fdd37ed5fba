import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hasErrno } from '../errors.ts';
import { CompressedLogFile } from './compressed-log-file.ts';

/** One open log file; it stays readable when it is renamed, compressed or deleted by rotation. */
export interface LogFile {
  /** Of the file that is open; no other one has it while it is. */
  readonly inode: bigint;
  /** What tells that two files hold the same records, though one is compressed. Changes while records are written. */
  identity(): Promise<string>;
  /** Bytes of records. */
  size(): Promise<number>;
  /** Reads records' bytes from `offset` into the buffer; returns how many there were. */
  read(buffer: Buffer, offset: number): Promise<number>;
  close(): Promise<void>;
}

/** Rotated files are `PATH.1`, `PATH.2`, … or, compressed, `PATH.1.gz`; more than this many are not looked for. */
const maxRotated = 1000;

/** A number may be without a file for a moment while files are rotated; two in a row are the end. */
const maxGap = 1;

/**
 * Opens the log files that came after `previous` (all without it), oldest first. They are opened newest first: when a rotation
 * happens meanwhile, a file is met twice, which its identity tells, but none is missed.
 */
export async function openLogFiles(path: string, previous?: LogFile): Promise<LogFile[]> {
  const files: LogFile[] = [];
  let gap = 0;
  for (let index = 0; index <= maxRotated && gap <= maxGap; index += 1) {
    const file = await openNumber(path, index);
    gap = file === null && index > 0 ? gap + 1 : 0;
    if (file === null) continue;
    if (previous !== undefined && (await isSame(file, previous))) {
      await file.close();
      break;
    }
    if (await includes(files, file)) await file.close();
    else files.push(file);
  }
  return files.reverse();
}

export async function closeLogFiles(files: readonly LogFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()));
}

async function includes(files: readonly LogFile[], wanted: LogFile): Promise<boolean> {
  for (const file of files) if (await isSame(file, wanted)) return true;
  return false;
}

async function isSame(first: LogFile, second: LogFile): Promise<boolean> {
  return first.inode === second.inode || (await first.identity()) === (await second.identity());
}

/** The plain file is looked for first: it goes only when the compressed one is in its place. */
async function openNumber(path: string, index: number): Promise<LogFile | null> {
  if (index === 0) return tryOpen(path);
  return (await tryOpen(`${path}.${index}`)) ?? (await tryOpen(`${path}.${index}.gz`));
}

async function tryOpen(path: string): Promise<LogFile | null> {
  try {
    const handle = await open(path, 'r');
    const { ino } = await handle.stat({ bigint: true });
    return path.endsWith('.gz') ? new CompressedLogFile(path, handle, ino) : new PlainLogFile(handle, ino);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

class PlainLogFile implements LogFile {
  readonly #handle: FileHandle;
  readonly inode: bigint;

  constructor(handle: FileHandle, inode: bigint) {
    this.#handle = handle;
    this.inode = inode;
  }

  async identity(): Promise<string> {
    const { ino, mtimeNs } = await this.#handle.stat({ bigint: true });
    return `inode=${ino} mtime=${mtimeNs}`;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async read(buffer: Buffer, offset: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.length, offset)).bytesRead;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
