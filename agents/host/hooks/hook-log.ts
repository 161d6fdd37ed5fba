import { appendFile, rename, stat } from 'node:fs/promises';
import { ifThere } from '../if-there.ts';
import { toRecordTime } from '../logs/log-time.ts';

/** Size at which what earlier hooks said moves to a second file, and the most that is kept of one hook. */
const maxBytes = 2 ** 20;
/** Parts of a longer line, as in the logs of containers (docs/native.md, section 5). */
const maxLineBytes = 16 * 1024;
/** Kept of the end of the output, for messages. */
const tailBytes = 1024;
const newline = 0x0a;

type Stream = 'stdout' | 'stderr';

/** Writes what one hook says into the container's log of hooks, in the form of the other logs. */
export class HookLog {
  readonly #path: string;
  readonly #rest: Record<Stream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #room = maxBytes;
  #dropped = 0;
  #tail = Buffer.alloc(0);

  private constructor(path: string) {
    this.#path = path;
  }

  static async open(path: string): Promise<HookLog> {
    const known = await ifThere(stat(path), null);
    if (known !== null && known.size >= maxBytes) await rename(path, `${path}.1`);
    return new HookLog(path);
  }

  /** The end of what was said. */
  get tail(): string {
    return this.#tail.toString().trim();
  }

  async write(stream: Stream, bytes: Buffer): Promise<void> {
    this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-tailBytes);
    if (this.#dropped > 0) {
      this.#dropped += bytes.length;
      return;
    }
    const time = toRecordTime(new Date().toISOString());
    let rest = Buffer.concat([this.#rest[stream], bytes]);
    const records: Buffer[] = [];
    for (let end = rest.indexOf(newline); end >= 0 || rest.length >= maxLineBytes; end = rest.indexOf(newline)) {
      const isWhole = end >= 0 && end <= maxLineBytes;
      const length = isWhole ? end : maxLineBytes;
      records.push(record(time, stream, isWhole ? 'F' : 'P', rest.subarray(0, length)));
      rest = rest.subarray(isWhole ? length + 1 : length);
    }
    this.#rest[stream] = rest;
    await this.#append(records);
  }

  /** Ends unfinished lines, and tells what did not fit. */
  async end(): Promise<void> {
    const unfinished = (['stdout', 'stderr'] as const).filter((stream) => this.#rest[stream].length > 0);
    const time = toRecordTime(new Date().toISOString());
    await this.#append(unfinished.map((stream) => record(time, stream, 'F', this.#rest[stream])));
    if (this.#dropped === 0) return;
    const notice = `(${this.#dropped} bytes more are not kept: a hook may say ${maxBytes})`;
    await appendFile(this.#path, record(time, 'stderr', 'F', Buffer.from(notice)));
  }

  async #append(records: readonly Buffer[]): Promise<void> {
    const kept: Buffer[] = [];
    for (const one of records) {
      if (one.length <= this.#room && this.#dropped === 0) {
        kept.push(one);
        this.#room -= one.length;
      } else this.#dropped += one.length;
    }
    if (kept.length > 0) await appendFile(this.#path, Buffer.concat(kept), { mode: 0o600 });
  }
}

function record(time: string, stream: Stream, kind: 'F' | 'P', line: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${time} ${stream} ${kind} `), line, Buffer.from([newline])]);
}
