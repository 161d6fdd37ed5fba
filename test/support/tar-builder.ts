/** Writes tar archives byte by byte, so that tests can also have those that no tar program would write. */
import { createHash } from 'node:crypto';

const blockBytes = 512;

export interface TarMember {
  readonly name: string;
  /** One character of the ustar format: '0' file (default), '1' hard link, '2' symbolic link, '3' character device, '5' directory, '6' fifo. */
  readonly type?: string;
  readonly data?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly mtime?: number;
  readonly link?: string;
  readonly device?: readonly [number, number];
  /** Fields of a pax header in front of the entry. */
  readonly pax?: Readonly<Record<string, string>>;
}

/** A complete archive. */
export function buildTar(members: readonly TarMember[]): Buffer {
  return Buffer.concat([...members.map(memberBytes), Buffer.alloc(2 * blockBytes)]);
}

export function sha256(data: Buffer | string): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

function memberBytes(member: TarMember): Buffer {
  const data = Buffer.from(member.data ?? '');
  const own = Buffer.concat([header(member, data.length), padded(data)]);
  if (member.pax === undefined) return own;
  const fields = Buffer.from(Object.entries(member.pax).map(paxLine).join(''));
  return Buffer.concat([header({ name: 'pax', type: 'x' }, fields.length), padded(fields), own]);
}

function header(member: TarMember, size: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(member.name, 0, 100);
  octal(block, 100, 8, member.mode ?? 0o644);
  octal(block, 108, 8, member.uid ?? 0);
  octal(block, 116, 8, member.gid ?? 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, member.mtime ?? 1_700_000_000);
  block.write(' '.repeat(8), 148);
  block.write(member.type ?? '0', 156);
  block.write(member.link ?? '', 157, 100);
  block.write('ustar\u{0}00', 257);
  octal(block, 329, 8, member.device?.[0] ?? 0);
  octal(block, 337, 8, member.device?.[1] ?? 0);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function octal(block: Buffer, start: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, start);
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((blockBytes - (data.length % blockBytes)) % blockBytes)]);
}

/** "LENGTH KEY=VALUE\n", where the length counts itself. */
function paxLine([key, value]: readonly [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const guess = bytes + String(bytes).length;
  return `${bytes + String(guess).length}${rest}`;
}
