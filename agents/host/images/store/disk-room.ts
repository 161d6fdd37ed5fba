import { statfs } from 'node:fs/promises';

/** What images leave free of their disk, for what runs there: this part of it, */
const reservedPart = 0.02;
/** but not more than so many bytes. */
const maxReservedBytes = 256 * 1024 * 1024;

/** Told as a full disk is, before it is full. */
class NoRoomError extends Error {
  readonly code = 'ENOSPC';
}

/** The disk of images. A source may announce and send whatever it likes; some room stays free for others all the same. */
export class DiskRoom {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws when there is no room for so many bytes more. */
  async require(bytes: number, what: string): Promise<void> {
    const { bavail, bsize, blocks } = await statfs(this.#directory);
    // File systems without a size of their own (ramfs, some that are served) say 0.
    if (blocks === 0) return;
    const reserved = Math.min(blocks * bsize * reservedPart, maxReservedBytes);
    if (bavail * bsize - reserved >= bytes) return;
    throw new NoRoomError(`${what} needs ${bytes} bytes, and ${Math.max(0, bavail * bsize - reserved)} may be used`);
  }
}
