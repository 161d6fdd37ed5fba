import type { OutputStream } from '../../command-line/io.ts';
import type { Progress, ProgressEvent } from './progress-event.ts';

/** Shortest time between two lines that differ in their numbers only, as those of a transfer do, in ms. */
const countingPeriodMs = 5000;

/** One line for each change: ` Container p-web-1  Started`. */
export class PlainProgress implements Progress {
  readonly #stream: OutputStream;
  readonly #prefix: string;
  readonly #shown = new Map<string, { readonly text: string; readonly atMs: number }>();

  constructor(stream: OutputStream, prefix: string) {
    this.#stream = stream;
    this.#prefix = prefix;
  }

  event(event: ProgressEvent): void {
    const text = event.details === undefined ? event.text : `${event.text} ${event.details}`;
    const before = this.#shown.get(event.id);
    const now = performance.now();
    if (before?.text === text) return;
    const isCounting =
      event.state === 'working' && before !== undefined && withoutNumbers(before.text) === withoutNumbers(text);
    if (isCounting && now - before.atMs < countingPeriodMs) return;
    this.#shown.set(event.id, { text, atMs: now });
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

function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '');
}
