import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { Wake } from '../wake.ts';
import { closeLogFiles, openLogFiles } from './log-file.ts';
import type { LogFile } from './log-file.ts';
import { toRecordTime } from './log-time.ts';
import { RunEnd } from './run-end.ts';
import { readBlock, seekTail, seekTime } from './seek.ts';

export interface LogQuery {
  /** Last n lines; null = all. */
  readonly tail: number | null;
  /** RFC 3339 bounds, both included; null = open. */
  readonly since: string | null;
  readonly until: string | null;
  /** Go on with what is written later, until this says that nothing more comes; null = stop at the end. */
  readonly followUntil: AbortSignal | null;
}

interface Position {
  readonly index: number;
  readonly offset: number;
}

/** Large enough that system calls and messages cost nothing beside the bytes; the frame limit of the streams. */
const chunkBytes = 1024 * 1024;

/**
 * Reads a container's log through all its rotated files: whole records in the CRI form, in chunks of up to 1 MiB. Nothing is
 * read ahead of the consumer. `signal` ends it early, without an error.
 */
export async function* readLogs(path: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<Buffer> {
  const change = new Wake();
  // Watched before the files are looked at, so that nothing written in between is missed. The directory, because the file is renamed.
  const watcher = query.followUntil === null ? null : watch(dirname(path), () => change.wake());
  const end = query.followUntil === null ? null : new RunEnd(query.followUntil);
  try {
    const last = yield* readExisting(path, query, signal);
    const remainingMs = query.until === null ? null : Date.parse(query.until) - Date.now();
    if (end === null || (remainingMs !== null && remainingMs <= 0)) {
      await closeLogFiles(last.file === null ? [] : [last.file]);
      return;
    }
    const stop = remainingMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(remainingMs)]);
    yield* follow(path, last, end, change, stop);
  } finally {
    end?.close();
    watcher?.close();
  }
}

/** Where reading has got to; the file stays open. */
interface Cursor {
  readonly file: LogFile | null;
  readonly offset: number;
}

async function* readExisting(path: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<Buffer, Cursor> {
  const files = await openLogFiles(path);
  let offset = 0;
  try {
    const ends = await endsOf(files, query.until);
    const start = await startOf(files, ends, query);
    for (const [index, file] of files.entries()) {
      offset = index === start.index ? start.offset : 0;
      if (index >= start.index) offset = yield* readRecords(file, offset, async () => ends[index] ?? 0, signal);
    }
    return { file: files.pop() ?? null, offset };
  } finally {
    await closeLogFiles(files);
  }
}

async function endsOf(files: readonly LogFile[], until: string | null): Promise<number[]> {
  // The first time that is too late, as text: one more digit makes it greater than the bound itself and smaller than any later time.
  const bound = until === null ? null : `${toRecordTime(until)}~`;
  return Promise.all(
    files.map(async (file) => {
      const size = await file.size();
      return bound === null ? size : seekTime(file, size, bound);
    }),
  );
}

async function startOf(files: readonly LogFile[], ends: readonly number[], query: LogQuery): Promise<Position> {
  const since =
    query.since === null ? { index: 0, offset: 0 } : await seekSince(files, ends, toRecordTime(query.since));
  if (query.tail === null) return since;
  const tail = await seekTail(files, ends, query.tail);
  return tail.index > since.index || (tail.index === since.index && tail.offset > since.offset) ? tail : since;
}

async function seekSince(files: readonly LogFile[], ends: readonly number[], since: string): Promise<Position> {
  for (const [index, file] of files.entries()) {
    const end = ends[index] ?? 0;
    const offset = await seekTime(file, end, since);
    if (offset < end) return { index, offset };
  }
  return { index: files.length - 1, offset: ends.at(-1) ?? 0 };
}

async function* follow(
  path: string,
  from: Cursor,
  end: RunEnd,
  change: Wake,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let { file, offset } = from;
  let newer: LogFile[] = [];
  const limitOf = (of: LogFile): Promise<number> => end.limitOf(of);
  try {
    while (!signal.aborted) {
      const isOver = end.signal.aborted;
      newer = await openLogFiles(path, file ?? undefined);
      // After the look for newer files: a file that has been rotated away is complete by now.
      if (file !== null) offset = yield* readRecords(file, offset, limitOf, signal);
      for (let next = newer.shift(); next !== undefined; next = newer.shift()) {
        await file?.close();
        file = next;
        offset = yield* readRecords(file, 0, limitOf, signal);
      }
      if (isOver) return;
      await change.wait(signal, end.signal);
    }
  } finally {
    await closeLogFiles(file === null ? newer : [file, ...newer]);
  }
}

/** Yields the whole records between an offset and the limit, asked for again before each block, and returns the offset after the last of them. */
async function* readRecords(
  file: LogFile,
  from: number,
  limitOf: (file: LogFile) => Promise<number>,
  signal: AbortSignal,
): AsyncGenerator<Buffer, number> {
  let offset = from;
  while (!signal.aborted) {
    const to = await limitOf(file);
    if (offset >= to) break;
    const block = await readBlock(file, offset, Math.min(to, offset + chunkBytes));
    // Records are at most some 16 KiB, so a block without an end of one is the beginning of one that is still being written.
    const length = block.lastIndexOf(0x0a) + 1;
    if (length === 0) break;
    yield block.subarray(0, length);
    offset += length;
  }
  return offset;
}
