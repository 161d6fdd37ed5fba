import { mkdtemp, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { TaskError } from '../errors.ts';
import type { LogFile } from './log-file.ts';

/** A gzip header with nothing but a comment after it, as the shim writes it (RFC 1952). */
const headerBytes = 10;
const commentFlag = 0x10;
/** More than the comment needs: two numbers with their names. */
const longestComment = 128;
/** The last four bytes are the size of what was compressed; the shim compresses no file to which they would not suffice. */
const sizeBytes = 4;

/**
 * A log file that the shim has compressed (docs/native.md, section 5). It is unpacked to an unnamed temporary file at the first
 * read and not before: most readers want the end of the log, which is not compressed.
 */
export class CompressedLogFile implements LogFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #unpacked: Promise<FileHandle> | null = null;
  readonly inode: bigint;

  constructor(path: string, handle: FileHandle, inode: bigint) {
    this.#path = path;
    this.#handle = handle;
    this.inode = inode;
  }

  /** The comment is the identity of the plain file. */
  async identity(): Promise<string> {
    const start = Buffer.alloc(headerBytes + longestComment);
    await this.#handle.read(start, 0, start.length, 0);
    const end = start.indexOf(0, headerBytes);
    const hasComment = start.readUInt16BE(0) === 0x1f8b && start[3] === commentFlag && end > 0;
    return hasComment ? start.toString('latin1', headerBytes, end) : this.#path;
  }

  async size(): Promise<number> {
    const { size } = await this.#handle.stat();
    const trailer = Buffer.alloc(sizeBytes);
    const { bytesRead } = await this.#handle.read(trailer, 0, sizeBytes, Math.max(0, size - sizeBytes));
    return bytesRead < sizeBytes ? 0 : trailer.readUInt32LE(0);
  }

  async read(buffer: Buffer, offset: number): Promise<number> {
    this.#unpacked ??= this.#unpack();
    const handle = await this.#unpacked;
    return (await handle.read(buffer, 0, buffer.length, offset)).bytesRead;
  }

  async close(): Promise<void> {
    const unpacked = await this.#unpacked?.catch(() => null);
    await Promise.all([this.#handle.close(), unpacked?.close()]);
  }

  async #unpack(): Promise<FileHandle> {
    const handle = await openUnnamed();
    try {
      const packed = this.#handle.createReadStream({ start: 0, autoClose: false });
      await pipeline(packed, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) await handle.writeFile(chunk);
      });
      return handle;
    } catch (cause) {
      await handle.close();
      throw new TaskError('internal', `unpack the log file ${this.#path}: it is damaged, or the disk is full`, {
        cause,
        hint: 'remove the file if you can do without it',
      });
    }
  }
}

/** A file that is gone when it is closed, however this process ends. */
async function openUnnamed(): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'tsstack-log-'));
  try {
    return await open(join(directory, 'log'), 'wx+', 0o600);
  } finally {
    await rm(directory, { recursive: true });
  }
}
