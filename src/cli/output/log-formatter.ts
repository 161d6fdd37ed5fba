/** Turns the log records of one container into lines for people. This is the inner loop of `logs`: whole frames, no string per line. */

export interface LogSegment {
  readonly stream: 'stdout' | 'stderr';
  /** Whole lines. */
  readonly data: Buffer;
}

/** A record is `TIME stdout F TEXT\n` with a time of 30 characters (docs/native.md): so the text begins at a fixed offset. */
const timeLength = 30;
const streamLetterOffset = timeLength + ' std'.length;
const tagOffset = timeLength + ' stdout '.length;
const textOffset = tagOffset + 'F '.length;

const space = 0x20;
const newline = 0x0a;
const letterE = 0x65;
const letterP = 0x50;

/** Longest line that is put together from parts; longer ones are broken, so that no container can fill our memory. */
const maxJoinedBytes = 16 * 1024 * 1024;

export class LogFormatter {
  #prefix: Buffer = Buffer.alloc(0);
  readonly #timestamps: boolean;
  /** Parts of lines whose end has not come yet. */
  readonly #pending = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  #pendingBytes = 0;

  constructor(options: { readonly timestamps: boolean }) {
    this.#timestamps = options.timestamps;
  }

  /** What stands before each line. */
  setPrefix(prefix: string): void {
    this.#prefix = Buffer.from(prefix);
  }

  /** Lines of a frame of whole records, in their order, cut where the stream changes. */
  format(frame: Buffer): readonly LogSegment[] {
    const segments: LogSegment[] = [];
    const output = Buffer.allocUnsafe(this.#bound(frame.length) + this.#pendingBytes);
    let stream: LogSegment['stream'] = 'stdout';
    let from = 0;
    let to = 0;
    for (let start = 0, end = 0; start < frame.length; start = end + 1) {
      end = frame.indexOf(newline, start);
      if (end < 0) end = frame.length;
      if (frame[start + timeLength] !== space || end < start + textOffset) continue; // no record
      const of = frame[start + streamLetterOffset] === letterE ? 'stderr' : 'stdout';
      if (frame[start + tagOffset] === letterP) {
        this.#keep(of, frame, start, end);
        if (this.#pendingBytes < maxJoinedBytes) continue;
      }
      if (of !== stream) {
        if (to > from) segments.push({ stream, data: output.subarray(from, to) });
        stream = of;
        from = to;
      }
      to = this.#putLine(of, frame, start, end, output, to);
    }
    if (to > from) segments.push({ stream, data: output.subarray(from, to) });
    return segments;
  }

  /** Lines that the container did not end. */
  finish(): readonly LogSegment[] {
    const segments = (['stdout', 'stderr'] as const)
      .filter((stream) => this.#pending[stream].length > 0)
      .map((stream) => ({ stream, data: Buffer.concat([...this.#pending[stream], Buffer.from('\n')]) }));
    this.#pending.stdout = [];
    this.#pending.stderr = [];
    this.#pendingBytes = 0;
    return segments;
  }

  /** Most bytes that a frame can become: every record has a header that goes and a prefix that comes. */
  #bound(frameLength: number): number {
    const growth = Math.max(0, this.#prefix.length + (this.#timestamps ? timeLength + 1 : 0) - textOffset);
    return frameLength + 1 + Math.ceil(frameLength / textOffset) * growth;
  }

  #putLine(of: LogSegment['stream'], frame: Buffer, start: number, end: number, output: Buffer, at: number): number {
    let to = at;
    const parts = this.#pending[of];
    if (parts.length > 0) {
      for (const part of parts) to += part.copy(output, to);
      this.#pending[of] = [];
      this.#pendingBytes -= to - at;
      if (frame[start + tagOffset] !== letterP) to += frame.copy(output, to, start + textOffset, end);
    } else {
      to = this.#putHeader(frame, start, output, to);
      to += frame.copy(output, to, start + textOffset, end);
    }
    output[to] = newline;
    return to + 1;
  }

  #putHeader(frame: Buffer, start: number, output: Buffer, at: number): number {
    let to = at;
    const prefix = this.#prefix;
    // A loop, because a call costs more than the few bytes of a prefix.
    for (let index = 0; index < prefix.length; index += 1) output[to++] = prefix[index] ?? 0;
    if (this.#timestamps) to += frame.copy(output, to, start, start + timeLength + 1);
    return to;
  }

  #keep(of: LogSegment['stream'], frame: Buffer, start: number, end: number): void {
    const parts = this.#pending[of];
    if (parts.length === 0) {
      const header = Buffer.allocUnsafe(this.#prefix.length + timeLength + 1);
      parts.push(header.subarray(0, this.#putHeader(frame, start, header, 0)));
      this.#pendingBytes += parts[0]?.length ?? 0;
    }
    // A copy: the part outlives the frame, and should not keep all of it alive.
    const text = Buffer.from(frame.subarray(start + textOffset, end));
    parts.push(text);
    this.#pendingBytes += text.length;
  }
}
