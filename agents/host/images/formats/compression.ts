export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2';

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** How data is compressed, told by its first bytes; null when it is not. */
export function detectCompression(start: Uint8Array): Compression | null {
  return magics.find(([, magic]) => magic.every((byte, index) => start[index] === byte))?.[0] ?? null;
}

/** Ending of the media type of a layer. */
export function compressionSuffix(start: Uint8Array): '' | '+gzip' | '+zstd' {
  const compression = detectCompression(start);
  return compression === 'gzip' || compression === 'zstd' ? `+${compression}` : '';
}
