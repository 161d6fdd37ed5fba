import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { MalformedImageError } from '../errors.ts';
import { detectCompression } from '../formats/compression.ts';
import type { Compression } from '../formats/compression.ts';

const magicBytes = 4;

/** Is the archive a plain tar, which can be read where it lies? */
export async function isPlainFile(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(magicBytes), 0, magicBytes, 0);
  return detectCompression(buffer.subarray(0, bytesRead)) === null;
}

/** Writes an archive, decompressed, to a file that can be read in any order. */
export async function spoolArchive(
  input: string | AsyncIterable<Uint8Array>,
  to: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const chunks = typeof input === 'string' ? createReadStream(input) : input;
  const { start, stream } = await peek(chunks as AsyncIterable<Uint8Array>);
  const target = createWriteStream(to, { mode: 0o600 });
  const decompressor = makeDecompressor(detectCompression(start), name);
  if (decompressor === null) await pipeline(Readable.from(stream), target, { signal });
  else await pipeline(Readable.from(stream), decompressor, target, { signal });
}

function makeDecompressor(compression: Compression | null, name: string): NodeJS.ReadWriteStream | null {
  switch (compression) {
    case null:
      return null;
    case 'gzip':
      return createGunzip();
    case 'zstd':
      return createZstdDecompress();
    case 'xz':
    case 'bzip2':
      throw new MalformedImageError(
        name,
        `it is compressed with ${compression}; decompress it first (gzip and zstd are read as they are)`,
      );
  }
}

/** The first bytes of a stream, and the whole stream again. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly start: Buffer; readonly stream: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  for (let length = 0; length < magicBytes;) {
    const next = await iterator.next();
    if (next.done === true) break;
    seen.push(next.value);
    length += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* seen;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { start: Buffer.concat(seen), stream: all() };
}
