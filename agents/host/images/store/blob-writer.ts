import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { DigestMismatchError } from '../errors.ts';
import type { Digest } from '../formats/digest.ts';

/** Bytes gathered before they go to the file in one call: each call costs a round through the thread pool. */
const batchBytes = 1024 * 1024;

/**
 * Gathers the bytes of one blob in a file and hashes them on the way. The file outlives an interrupted download, and a later
 * writer goes on where it ended, after it has hashed what is there.
 */
export class BlobWriter {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  readonly #commit: (digest: Digest, path: string) => void;
  #size = 0;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #isOpen = true;

  private constructor(path: string, file: FileHandle, commit: (digest: Digest, path: string) => void) {
    this.path = path;
    this.#file = file;
    this.#commit = commit;
  }

  static async open(path: string, commit: (digest: Digest, path: string) => void): Promise<BlobWriter> {
    return new BlobWriter(path, await open(path, 'a', 0o600), commit);
  }

  static async hashOf(stream: AsyncIterable<Uint8Array>): Promise<Digest> {
    const hash = createHash('sha256');
    for await (const chunk of stream) hash.update(chunk);
    return `sha256:${hash.digest('hex')}`;
  }

  /** Bytes taken in so far, also by earlier writers. */
  get size(): number {
    return this.#size;
  }

  /** What earlier writers left, hashed as it is read. Must be read to its end before anything is written. */
  async *resume(): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(this.path, { highWaterMark: batchBytes }) as AsyncIterable<Buffer>) {
      this.#hash.update(chunk);
      this.#size += chunk.length;
      yield chunk;
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    if (this.#batchBytes >= batchBytes) await this.#flush();
  }

  /** Verifies the digest (unless null) and stores the blob. A wrong one removes the file: resuming it would be of no use. */
  async finish(expected: Digest | null, what: string): Promise<Digest> {
    await this.#flush();
    await this.#close();
    const found: Digest = `sha256:${this.#hash.digest('hex')}`;
    if (expected !== null && found !== expected) {
      await rm(this.path, { force: true });
      throw new DigestMismatchError(what, expected, found);
    }
    this.#commit(found, this.path);
    return found;
  }

  /** Closes the file and keeps it for a later writer, or removes it. */
  async abandon(keep: boolean): Promise<void> {
    // What cannot be written now is fetched again later.
    if (keep) await this.#flush().catch(() => undefined);
    await this.#close();
    if (!keep) await rm(this.path, { force: true });
  }

  async #close(): Promise<void> {
    if (this.#isOpen) await this.#file.close();
    this.#isOpen = false;
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    const size = this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
    if (size === 0) return;
    const { bytesWritten } = await this.#file.writev(batch);
    // A full disk ends a write early; the next one tells why.
    if (bytesWritten < size) await this.#file.writeFile(Buffer.concat(batch).subarray(bytesWritten));
  }
}
