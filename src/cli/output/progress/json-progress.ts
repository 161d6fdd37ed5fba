import type { OutputStream } from '../../command-line/io.ts';
import type { Progress, ProgressEvent } from './progress-event.ts';

const statusNames = { working: 'Working', done: 'Done', warning: 'Warning', error: 'Error' } as const;

/** One JSON object for each change. */
export class JsonProgress implements Progress {
  readonly #stream: OutputStream;
  readonly #dryRun: boolean;

  constructor(stream: OutputStream, dryRun: boolean) {
    this.#stream = stream;
    this.#dryRun = dryRun;
  }

  event({ id, parentId, state, text, details, current, total }: ProgressEvent): void {
    const hasTotal = current !== undefined && total !== undefined && total > 0;
    const percent = hasTotal ? { percent: Math.floor((current / total) * 100) } : {};
    this.#write({ id, parent_id: parentId, status: statusNames[state], text, details, current, total, ...percent });
  }

  line(text: string): void {
    this.#write({ text });
  }

  stop(): void {
    // Every line stands already.
  }

  #write(fields: Readonly<Record<string, unknown>>): void {
    this.#stream.write(`${JSON.stringify(this.#dryRun ? { 'dry-run': true, ...fields } : fields)}\n`);
  }
}
