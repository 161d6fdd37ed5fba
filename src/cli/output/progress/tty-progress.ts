import type { OutputStream } from '../../command-line/io.ts';
import { formatTable } from './tty-table.ts';
import type { Progress, ProgressEvent } from './progress-event.ts';

export interface ProgressRow {
  readonly event: ProgressEvent;
  readonly startedAt: number;
  /** Null while it goes on. */
  readonly endedAt: number | null;
}

// Ten pictures a second look alive and cost nothing.
const framePeriodMs = 100;
const defaultRows = 24;
const defaultColumns = 80;

/** A table that is drawn again in place while things change. */
export class TtyProgress implements Progress {
  readonly #stream: OutputStream;
  readonly #title: string;
  readonly #colours: boolean;
  readonly #rows = new Map<string, ProgressRow>();
  #timer: NodeJS.Timeout | undefined;
  #drawnLines = 0;
  #frame = 0;

  constructor(stream: OutputStream, title: string, colours: boolean) {
    this.#stream = stream;
    this.#title = title;
    this.#colours = colours;
  }

  event(event: ProgressEvent): void {
    const now = performance.now();
    const before = this.#rows.get(event.id);
    const endedAt = event.state === 'working' ? null : now;
    this.#rows.set(event.id, { event, startedAt: before?.startedAt ?? now, endedAt });
    this.#timer ??= setInterval(() => this.#draw(), framePeriodMs);
  }

  line(text: string): void {
    this.#stream.write(`${this.#eraser()}${text}\n`);
    this.#drawnLines = 0;
    if (this.#rows.size > 0) this.#draw();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw();
    this.#rows.clear();
    this.#drawnLines = 0;
  }

  #draw(): void {
    const lines = formatTable([...this.#rows.values()], {
      title: this.#title,
      columns: this.#stream.columns ?? defaultColumns,
      lines: (this.#stream.rows ?? defaultRows) - 1,
      colours: this.#colours,
      frame: this.#frame,
      now: performance.now(),
    });
    this.#frame += 1;
    this.#stream.write(`${this.#eraser()}${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  /** Goes back to the first line of the last picture and clears from there. */
  #eraser(): string {
    return this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\u001b[0J`;
  }
}
