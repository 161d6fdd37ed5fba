import type { ImageEvent } from './types.ts';

/** Shortest time between two texts, in ms: each becomes a status that a manager stores. */
const pauseMs = 1000;

const megabyte = 1e6;

/** Makes of the events of the layers of an image, now and then, one line on how far it is: `12 of 250 MB`. */
export class ProgressText {
  readonly #onText: (text: string) => void;
  readonly #now: () => number;
  readonly #layers = new Map<string, Pick<ImageEvent, 'current' | 'total'>>();
  #toldAtMs = -Infinity;
  #told = '';

  /** `now` in ms. */
  constructor(onText: (text: string) => void, now: () => number = () => performance.now()) {
    this.#onText = onText;
    this.#now = now;
  }

  readonly listener = ({ id, status, current, total }: ImageEvent): void => {
    // Events on the image as a whole have no bytes.
    if (status === 'resolving' || total === 0) return;
    const isWhole = status === 'done' || status === 'unpacking';
    this.#layers.set(id, { current: isWhole ? total : current, total });
    if (this.#now() - this.#toldAtMs >= pauseMs) this.#tell();
  };

  #tell(): void {
    const layers = [...this.#layers.values()];
    const sum = (of: 'current' | 'total'): number => layers.reduce((bytes, layer) => bytes + layer[of], 0);
    const [current, total] = [sum('current'), sum('total')];
    const text =
      current >= total ? 'unpacks its image' : `gets its image: ${megabytes(current)} of ${megabytes(total)} MB`;
    if (text === this.#told) return;
    this.#told = text;
    this.#toldAtMs = this.#now();
    this.#onText(text);
  }
}

function megabytes(bytes: number): string {
  return (bytes / megabyte).toFixed(bytes < 10 * megabyte ? 1 : 0);
}
