import { MalformedImageError } from '../errors.ts';

export const tarBlockBytes = 512;

/** One header block of a tar archive. */
export interface TarHeader {
  readonly name: string;
  /** One character: '0' file, '2' symbolic link, '5' directory, 'x' pax header, 'L' long name, … */
  readonly type: string;
  readonly size: number;
  readonly linkName: string;
}

/** Reads a header block; null for a block of zeros, which ends an archive. */
export function parseTarHeader(block: Buffer): TarHeader | null {
  if (block.every((byte) => byte === 0)) return null;
  if (!hasRightChecksum(block)) throw new MalformedImageError('archive', 'it is no tar archive, or damaged');
  const prefix = block.toString('latin1', 257, 262) === 'ustar' ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    // GNU archives keep other things where POSIX has the prefix; they are told apart by the two bytes after "ustar".
    name: prefix !== '' && block[262] === 0 ? `${prefix}/${name}` : name,
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    size: number(block, 124, 12),
    linkName: text(block, 157, 100),
  };
}

/** Fields of a pax header: lines of "LENGTH KEY=VALUE\n". */
export function parsePax(data: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let start = 0; start < data.length;) {
    const space = data.indexOf(0x20, start);
    const length = Number(data.toString('latin1', start, space));
    if (space < 0 || !Number.isInteger(length) || length <= space - start || start + length > data.length) break;
    const [, key = '', value = ''] = /^([^=]*)=(.*)\n$/s.exec(data.toString('utf8', space + 1, start + length)) ?? [];
    fields.set(key, value);
    start += length;
  }
  return fields;
}

function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

/** Octal digits, or with the highest bit set a binary number (GNU, for sizes from 8 GiB). */
function number(block: Buffer, start: number, length: number): number {
  if (((block[start] ?? 0) & 0x80) !== 0) {
    return block.subarray(start + 1, start + length).reduce((value, byte) => value * 256 + byte, 0);
  }
  const digits = text(block, start, length).trim();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function hasRightChecksum(block: Buffer): boolean {
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return sum === number(block, 148, 8);
}
