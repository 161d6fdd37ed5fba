/** How far the log of a container has been read, so that it can be gone on with where it broke off: no line lost, none twice. */

/** `2026-11-21T04:00:00.123456789Z`, at the beginning of each record (docs/native.md); within one log it never goes back. */
const timeLength = 30;
const newline = 0x0a;

export class LogPosition {
  /** Of the last record. */
  #time = '';
  /** How many records of that time there were. */
  #count = 0;
  /** How many of them are still to be passed over, as they come once more. */
  #toSkip = 0;

  /** Where to go on: the time of the last record, that one included; null when there was none. */
  get time(): string | null {
    return this.#time === '' ? null : this.#time;
  }

  /** What comes from now on has been asked for from `time` on. */
  resume(): void {
    this.#toSkip = this.#count;
  }

  /** What is new of a frame of whole records. */
  advance(frame: Buffer): Buffer {
    let start = 0;
    while (this.#toSkip > 0 && start < frame.length) {
      if (timeAt(frame, start) !== this.#time) this.#toSkip = 0;
      else {
        this.#toSkip -= 1;
        start = endOfRecord(frame, start);
      }
    }
    const rest = frame.subarray(start);
    this.#note(rest);
    return rest;
  }

  /** Only records at the end of the frame count: earlier ones are of earlier times. */
  #note(frame: Buffer): void {
    let end = frame.length;
    while (end > 0) {
      const start = frame.lastIndexOf(newline, end - 2) + 1;
      const time = timeAt(frame, start);
      if (end === frame.length && time !== this.#time) {
        this.#time = time;
        this.#count = 0;
      }
      if (time !== this.#time) return;
      this.#count += 1;
      end = start;
    }
  }
}

function timeAt(frame: Buffer, start: number): string {
  return frame.toString('latin1', start, start + timeLength);
}

function endOfRecord(frame: Buffer, start: number): number {
  const end = frame.indexOf(newline, start);
  return end < 0 ? frame.length : end + 1;
}
