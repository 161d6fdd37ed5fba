import { TsstackError } from '../../src/model/errors.ts';
import type { FoundImage } from '../../src/model/found-image.ts';
import { isDirectoryImage, isImageId } from '../../src/model/image-name.ts';
import type { PullPolicy } from '../../src/model/spec.ts';
import { delay } from './abortable.ts';
import { Backoff } from './backoff.ts';
import { toImageDefaults } from './images/formats/image-config.ts';
import type { ImageService } from './images/image-service.ts';
import type { ImagePeers } from './images/peers/image-peers.ts';
import { ProgressText } from './images/progress-text.ts';
import type { LayerProgram } from './native/layer.ts';
import type { LocalImage, TaskImages } from './tasks/task-host.ts';
import type { IdRange } from './users/id-range.ts';
import { copyImageContent } from './volumes/copy-content.ts';

/** The cluster that this host may be in, which decides what names of images mean. */
export interface ClusterOfImages extends ImagePeers {
  readonly isInCluster: boolean;
  /** Null when that is for this host to say. */
  findImage(reference: string, mayPull: boolean, signal: AbortSignal): Promise<FoundImage | null>;
}

/** The images of this host as tasks need them. */
export class HostImages implements TaskImages {
  readonly #images: ImageService;
  readonly #layers: LayerProgram;
  readonly #cluster: ClusterOfImages;

  constructor(images: ImageService, layers: LayerProgram, cluster: ClusterOfImages) {
    this.#images = images;
    this.#layers = layers;
    this.#cluster = cluster;
  }

  async ensure(
    reference: string,
    policy: PullPolicy,
    signal: AbortSignal,
    onProgress: (text: string) => void = () => undefined,
  ): Promise<LocalImage> {
    const options = { signal, onProgress: new ProgressText(onProgress).listener };
    const found = await this.#find(reference, policy, signal, onProgress);
    const image =
      found === null
        ? await this.#images.ensure(reference, { policy, ...options })
        : await this.#images.ensureFound(
            reference,
            { found, mayPull: policy !== 'never', peers: this.#cluster },
            options,
          );
    return { id: image.id, defaults: toImageDefaults(image.config), layers: image.layers };
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

  /** What the cluster means by the reference; null where this host decides: alone, for its directories, for an image that a container had before. */
  async #find(
    reference: string,
    policy: PullPolicy,
    signal: AbortSignal,
    onProgress: (text: string) => void,
  ): Promise<FoundImage | null> {
    const isOwn = isDirectoryImage(reference) || (isImageId(reference) && policy === 'never');
    if (isOwn || !this.#cluster.isInCluster) return null;
    for (const backoff = new Backoff(); ;) {
      try {
        return await this.#cluster.findImage(reference, policy !== 'never', signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TsstackError)) throw error;
        // Without a manager, what the name means here is the best that is known.
        if (error.code === 'unavailable' && typeof this.currentId(reference) === 'string') return null;
        if (!error.retryable) throw error;
        onProgress(`${error.message}; it is asked again`);
        await delay(backoff.next(), signal);
      }
    }
  }
}
