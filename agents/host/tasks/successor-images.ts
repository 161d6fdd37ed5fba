import type { SuccessorNeeds, SuccessorStatus } from '../../../src/model/objects.ts';
import { describeError } from '../errors.ts';
import type { TaskImages } from './task-host.ts';

interface SuccessorImagesOptions {
  readonly images: Pick<TaskImages, 'ensure'>;
  /** As it was told last. */
  readonly known: SuccessorStatus | null;
  readonly onChange: () => void;
}

/** Has the images ready that the container after this one needs, while this one runs on. */
export class SuccessorImages {
  readonly #options: SuccessorImagesOptions;
  /** `update` of the needs that are being met. */
  #update: string | null = null;
  #over = new AbortController();
  #status: SuccessorStatus | null;

  constructor(options: SuccessorImagesOptions) {
    this.#options = options;
    this.#status = options.known;
  }

  get status(): SuccessorStatus | null {
    return this.#status;
  }

  /** Takes over what is needed now; what was needed for another update is given up. */
  follow(needs: SuccessorNeeds | null): void {
    if ((needs?.update ?? null) === this.#update && (needs !== null || this.#status === null)) return;
    this.stop();
    this.#over = new AbortController();
    this.#update = needs?.update ?? null;
    if (needs === null) this.#set(null);
    else void this.#prepare(needs, this.#over.signal);
  }

  /** Nothing is reported any more. */
  stop(): void {
    this.#over.abort();
  }

  /** Never rejects. */
  async #prepare({ update, images, pullPolicy }: SuccessorNeeds, signal: AbortSignal): Promise<void> {
    const tell = (state: SuccessorStatus['state'], message: string): void => {
      if (signal.aborted) return;
      const isSame = this.#status?.update === update && this.#status.state === state;
      const at = isSame && this.#status !== null ? this.#status.at : new Date().toISOString();
      this.#set({ update, state, at, message });
    };
    tell('preparing', '');
    try {
      for (const image of images) {
        await this.#options.images.ensure(image, pullPolicy, signal, (progress) => tell('preparing', progress));
      }
      tell('ready', '');
    } catch (error) {
      tell('failed', describeError(error).message);
    }
  }

  #set(status: SuccessorStatus | null): void {
    this.#status = status;
    this.#options.onChange();
  }
}
