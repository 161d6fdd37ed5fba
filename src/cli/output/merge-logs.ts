/** Puts the logs of several containers into the order of their times. */
import type { LogMultiplexer, LogSource } from './log-multiplexer.ts';
import type { LogSegment } from './log-formatter.ts';

export interface LogInput {
  readonly source: LogSource;
  /** Frames of whole records, in order. */
  readonly frames: AsyncIterator<Buffer>;
}

/** Where reading of one input stands: at the beginning of a record. */
interface Cursor {
  readonly input: LogInput;
  frame: Buffer;
  at: number;
}

const timeLength = 30;
const newline = 0x0a;
// Enough for one write to be cheap, little enough to appear at once.
const batchBytes = 256 * 1024;

/** Copies all inputs to their ends, earliest records first. Each input is in order in itself, so only its next record has to be compared. */
export async function mergeLogs(multiplexer: LogMultiplexer, inputs: readonly LogInput[]): Promise<void> {
  const opened = await Promise.all(inputs.map((input) => refill({ input, frame: Buffer.alloc(0), at: 0 })));
  const cursors = opened.filter((cursor) => cursor !== null);
  let batch: LogSegment[] = [];
  let size = 0;
  while (cursors.length > 0) {
    cursors.sort(compareTimes);
    const [first, second] = cursors;
    if (first === undefined) break;
    const end = second === undefined ? first.frame.length : endOfRun(first, second);
    const segments = first.input.source.format(first.frame.subarray(first.at, end));
    batch.push(...segments);
    size += end - first.at;
    first.at = end;
    if (size >= batchBytes) {
      await multiplexer.write(batch);
      batch = [];
      size = 0;
    }
    if (end < first.frame.length || (await refill(first)) !== null) continue;
    cursors.shift();
    await multiplexer.write(batch);
    batch = [];
    size = 0;
    await first.input.source.finish();
  }
  await multiplexer.write(batch);
}

/** The next frame of an input; null at its end. */
async function refill(cursor: Cursor): Promise<Cursor | null> {
  const { value, done } = await cursor.input.frames.next();
  if (done === true) return null;
  cursor.frame = value;
  cursor.at = 0;
  return cursor.frame.length === 0 ? refill(cursor) : cursor;
}

/** Times have the same number of digits, so that the order of their bytes is theirs. */
function compareTimes(a: Cursor, b: Cursor): number {
  return compareAt(a.frame, a.at, b);
}

function compareAt(frame: Buffer, at: number, other: Cursor): number {
  return frame.compare(other.frame, other.at, other.at + timeLength, at, at + timeLength);
}

/** Offset after the last record of `first` that is not later than the next one of `second`. */
function endOfRun(first: Cursor, second: Cursor): number {
  let end = first.at;
  do {
    const line = first.frame.indexOf(newline, end);
    if (line < 0) return first.frame.length;
    end = line + 1;
  } while (end < first.frame.length && compareAt(first.frame, end, second) <= 0);
  return end;
}
