import type { OutputStream } from '../../command-line/io.ts';
import type { Progress } from './progress-event.ts';

/** Shows nothing but warnings. */
export class QuietProgress implements Progress {
  readonly #stream: OutputStream;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  event(): void {
    // Quiet.
  }

  line(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  stop(): void {
    // Nothing is shown.
  }
}
