import type { OutputStream } from '../../command-line/io.ts';
import type { Progress, ProgressEvent } from './progress-event.ts';

/** One line for each change: ` Container p-web-1  Started`. */
export class PlainProgress implements Progress {
  readonly #stream: OutputStream;
  readonly #prefix: string;
  readonly #shown = new Map<string, string>();

  constructor(stream: OutputStream, prefix: string) {
    this.#stream = stream;
    this.#prefix = prefix;
  }

  event(event: ProgressEvent): void {
    const text = event.details === undefined ? event.text : `${event.text} ${event.details}`;
    if (this.#shown.get(event.id) === text) return;
    this.#shown.set(event.id, text);
    const parent = event.parentId === undefined ? '' : `${event.parentId} `;
    this.#stream.write(`${this.#prefix}${parent}${event.id} ${text}\n`);
  }

  line(text: string): void {
    this.#stream.write(`${this.#prefix}${text}\n`);
  }

  stop(): void {
    // Every line stands already.
  }
}
