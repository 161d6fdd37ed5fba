import type { PullPolicy } from '../../src/model/spec.ts';
import { toImageDefaults } from './images/formats/image-config.ts';
import type { ImageService } from './images/image-service.ts';
import type { LayerProgram } from './native/layer.ts';
import type { LocalImage, TaskImages } from './tasks/task-host.ts';
import type { IdRange } from './users/id-range.ts';
import { copyImageContent } from './volumes/copy-content.ts';

/** The images of this host as tasks need them. */
export class HostImages implements TaskImages {
  readonly #images: ImageService;
  readonly #layers: LayerProgram;

  constructor(images: ImageService, layers: LayerProgram) {
    this.#images = images;
    this.#layers = layers;
  }

  async ensure(reference: string, policy: PullPolicy, signal: AbortSignal): Promise<LocalImage> {
    const { id, config, layers } = await this.#images.ensure(reference, { policy, signal });
    return { id, defaults: toImageDefaults(config), layers };
  }

  currentId(reference: string): string | null | undefined {
    return this.#images.idOf(reference);
  }

  copyContent(image: LocalImage, path: string, directory: string): Promise<boolean> {
    return copyImageContent(this.#layers, image.layers, path, directory);
  }

  async copyRoot({ layers }: LocalImage, directory: string, users: IdRange): Promise<void> {
    await this.#layers.copy({ layers, from: '/', to: directory, firstId: users.first });
  }
}
