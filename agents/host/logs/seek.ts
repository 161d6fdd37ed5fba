import type { LogFile } from './log-file.ts';
import { timeLength } from './log-time.ts';

const blockBytes = 64 * 1024;
/** Most records are far shorter. */
const searchBytes = 4096;
const newline = 0x0a;
const fullFlag = 0x46; // F
/** `TIME stdout F`: the flag's place in a record; both stream names have six letters. */
const flagOffset = timeLength + ' stdout '.length;

/** Offset of the first record at or after `time` (in record form) among the first `size` bytes; `size` when there is none. */
export async function seekTime(file: LogFile, size: number, time: string): Promise<number> {
  let [low, high, found] = [0, size, size];
  // Invariant: records that start before `low` are older than `time`; the first that starts at or after `high` is `found`.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = await recordFrom(file, middle, size);
    if (record === null || record.time >= time) {
      high = middle;
      if (record !== null) found = record.offset;
    } else {
      low = record.offset + 1;
    }
  }
  return found;
}

/** The first record that starts at `from` or later. */
async function recordFrom(file: LogFile, from: number, size: number): Promise<{ offset: number; time: string } | null> {
  const start = from === 0 ? 0 : await afterNewline(file, from - 1, size);
  if (start === null || start + timeLength > size) return null;
  return { offset: start, time: (await readBlock(file, start, start + timeLength)).toString('latin1') };
}

async function afterNewline(file: LogFile, from: number, size: number): Promise<number | null> {
  for (let at = from; at < size; at += searchBytes) {
    const found = (await readBlock(file, at, Math.min(size, at + searchBytes))).indexOf(newline);
    if (found >= 0) return at + found + 1;
  }
  return null;
}

/**
 * Where the last `count` lines begin among the first `ends[i]` bytes of each file: a line is ended by one full record (F), so the
 * parts of a long line (P) count together.
 */
export async function seekTail(
  files: readonly LogFile[],
  ends: readonly number[],
  count: number,
): Promise<{ index: number; offset: number }> {
  let missing = count;
  for (let index = files.length - 1; index >= 0; index -= 1) {
    const file = files[index];
    if (file === undefined) continue;
    const found = await scanBackwards(file, ends[index] ?? 0, missing);
    if (found.offset !== null) return { index, offset: found.offset };
    missing = found.missing;
  }
  return { index: 0, offset: 0 };
}

/** Looks for the end of the full record before the wanted ones. */
async function scanBackwards(
  file: LogFile,
  size: number,
  wanted: number,
): Promise<{ offset: number | null; missing: number }> {
  let missing = wanted;
  let end = size;
  let recordEnd: number | null = null;
  while (end > 0) {
    const start = Math.max(0, end - blockBytes);
    // Beyond the block's end, so that the flag of a record that starts at its very end can be read.
    const block = await readBlock(file, start, Math.min(size, end + flagOffset + 1));
    let at = end - start;
    while (at > 0) {
      const found = block.lastIndexOf(newline, at - 1);
      if (found < 0 && start > 0) break;
      const recordStart = found + 1;
      if (recordEnd !== null && block[recordStart + flagOffset] === fullFlag) {
        if (missing === 0) return { offset: recordEnd, missing };
        missing -= 1;
      }
      if (found < 0) break;
      recordEnd = start + found + 1;
      at = found;
    }
    end = start;
  }
  return { offset: null, missing };
}

/** The bytes between two offsets, fewer at the end of the file. */
export async function readBlock(file: LogFile, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.max(0, to - from));
  if (buffer.length === 0) return buffer;
  return buffer.subarray(0, await file.read(buffer, from));
}
