import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { MalformedImageError } from '../errors.ts';
import { parsePax, parseTarHeader, tarBlockBytes } from './tar-header.ts';
import type { TarHeader } from './tar-header.ts';

/** Where the content of a file of the archive lies. */
export interface TarEntry {
  readonly offset: number;
  readonly size: number;
}

/** An archive of an image has a few files per layer. */
const maxEntries = 100_000;
const maxExtensionBytes = 1024 * 1024;
const maxLinks = 16;

/** What the extension headers before an entry say about it. */
interface Extensions {
  name: string | null;
  size: number | null;
}

/** The files of an uncompressed tar archive, found by reading its headers only. */
export class TarIndex {
  readonly #files = new Map<string, TarEntry>();
  readonly #links = new Map<string, string>();

  static async read(file: FileHandle): Promise<TarIndex> {
    const index = new TarIndex();
    const { size: end } = await file.stat();
    if (end < tarBlockBytes)
      throw new MalformedImageError('archive', end === 0 ? 'it is empty' : 'it is no tar archive');
    let extensions: Extensions = { name: null, size: null };
    let offset = 0;
    for (let count = 0; offset < end; count += 1) {
      if (count > maxEntries) throw new MalformedImageError('archive', `it has more than ${maxEntries} entries`);
      const header = parseTarHeader(await readExactly(file, offset, tarBlockBytes));
      if (header === null) break;
      const size = extensions.size ?? header.size;
      const start = offset + tarBlockBytes;
      if (!Number.isSafeInteger(size) || size < 0 || start + size > end) {
        throw new MalformedImageError('archive', `it ends in the middle of ${header.name}`);
      }
      if (isExtension(header)) {
        await readExtension(file, header, start, extensions);
      } else {
        index.#add(header, extensions.name ?? header.name, { offset: start, size });
        extensions = { name: null, size: null };
      }
      offset = start + Math.ceil(size / tarBlockBytes) * tarBlockBytes;
    }
    return index;
  }

  /** The file with that path; old archives of docker link equal layers to each other. */
  find(path: string): TarEntry | undefined {
    let name = posix.normalize(path);
    for (let links = 0; links < maxLinks; links += 1) {
      const target = this.#links.get(name);
      if (target === undefined) return this.#files.get(name);
      name = target;
    }
    return undefined;
  }

  #add(header: TarHeader, rawName: string, entry: TarEntry): void {
    const name = posix.normalize(rawName).replace(/^\.?\//, '');
    if (header.type === '0' || header.type === '7') this.#files.set(name, entry);
    else if (header.type === '1') this.#links.set(name, posix.normalize(header.linkName));
    else if (header.type === '2') this.#links.set(name, posix.join(posix.dirname(name), header.linkName));
  }
}

function isExtension({ type }: TarHeader): boolean {
  return type === 'x' || type === 'g' || type === 'L' || type === 'K';
}

async function readExtension(
  file: FileHandle,
  header: TarHeader,
  start: number,
  extensions: Extensions,
): Promise<void> {
  if (header.size > maxExtensionBytes) throw new MalformedImageError('archive', 'an entry has too long a name');
  const data = await readExactly(file, start, header.size);
  if (header.type === 'L') extensions.name = data.toString('utf8').replace(/\0+$/, '');
  if (header.type !== 'x') return;
  const fields = parsePax(data);
  const size = fields.get('size');
  extensions.name = fields.get('path') ?? extensions.name;
  extensions.size = size === undefined ? extensions.size : Number(size);
}

/** Reads a part of the file that must be there. */
export async function readExactly(file: FileHandle, offset: number, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  for (let done = 0; done < size;) {
    const { bytesRead } = await file.read(buffer, done, size - done, offset + done);
    if (bytesRead === 0) throw new MalformedImageError('archive', 'it ends early');
    done += bytesRead;
  }
  return buffer;
}
