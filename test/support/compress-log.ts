import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';

/** Compresses a rotated log file as the shim does: a gzip file whose comment says which file it was. */
export function compressLog(path: string): void {
  const bytes = readFileSync(path);
  const { ino, mtimeNs } = statSync(path, { bigint: true });
  const header = Buffer.from([0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 3]);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length, 4);
  const comment = Buffer.from(`inode=${ino} mtime=${mtimeNs}\0`);
  writeFileSync(`${path}.new`, Buffer.concat([header, comment, deflateRawSync(bytes), trailer]));
  renameSync(`${path}.new`, `${path}.gz`);
  rmSync(path);
}
