import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** Regions of more than that are read in pieces. */
const pieceBytes = 16 * 2 ** 20;

/** Whether one of the texts is anywhere in the writable memory of a process, which stands still meanwhile: it may move what it has. */
export function hasInMemory(pid: number, texts: readonly string[]): boolean {
  process.kill(pid, 'SIGSTOP');
  try {
    return isInMemory(pid, texts);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

function isInMemory(pid: number, texts: readonly string[]): boolean {
  const overlap = Math.max(...texts.map((text) => text.length));
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(pieceBytes + overlap);
  try {
    return writableRegions(pid).some(([start, end]) => {
      for (let at = start; at < end; at += pieceBytes) {
        const piece = readPiece(memory, buffer, at, Math.min(buffer.length, end - at));
        if (texts.some((text) => piece.includes(text))) return true;
      }
      return false;
    });
  } finally {
    closeSync(memory);
  }
}

/** Start and end; addresses of user space are below 2^47, so that numbers hold them. */
function writableRegions(pid: number): readonly (readonly [number, number])[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    return match === null ? [] : [[parseInt(match[1] ?? '', 16), parseInt(match[2] ?? '', 16)] as const];
  });
}

/** Pages that the process has given back meanwhile are not there to be read. */
function readPiece(memory: number, buffer: Buffer, at: number, length: number): Buffer {
  try {
    return buffer.subarray(0, readSync(memory, buffer, 0, length, at));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    return buffer.subarray(0, 0);
  }
}
