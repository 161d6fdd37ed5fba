import { readFileSync } from 'node:fs';
import { TsstackError } from '../../../src/model/errors.ts';
import type { LayerProgram } from '../native/layer.ts';
import type { Digest } from './formats/digest.ts';
import { verifyDigest } from './formats/digest.ts';
import { emptyConfig, parseImageConfig } from './formats/image-config.ts';
import { formatPlatform, hostPlatform } from './formats/platform.ts';
import { findLeftovers, forgetUnreferenced } from './garbage.ts';
import { LayerInstaller } from './layer-installer.ts';
import { familiarName } from '../../../src/model/image-reference.ts';
import { BlobStore } from './store/blob-store.ts';
import { ImageIndex } from './store/image-index.ts';
import type { ImageRecord } from './store/image-index.ts';
import { LayerStore } from './store/layer-store.ts';
import { StorePaths } from './store/store-paths.ts';
import type { Image } from './types.ts';

/** What programs find in images that say nothing about it (docker's default). */
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The images of this host: blobs, unpacked layers and the index over them, loaded from disk once. */
export class ImageStore {
  readonly paths: StorePaths;
  readonly program: LayerProgram;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly index: ImageIndex;
  readonly installer: LayerInstaller;
  readonly #images = new WeakMap<ImageRecord, Image>();
  #users = 0;
  #isCollectionDue = false;
  #background: Promise<void> = Promise.resolve();

  private constructor(paths: StorePaths, program: LayerProgram, onNames: () => void, now: () => number) {
    this.paths = paths;
    this.program = program;
    this.blobs = new BlobStore(paths);
    this.layers = new LayerStore(paths, program);
    this.index = new ImageIndex(paths.index, onNames, now);
    this.installer = new LayerInstaller({ paths, program, blobs: this.blobs, layers: this.layers });
  }

  /** Loads what is on disk and clears away what a crash has left. `onNames` is called whenever names of images have changed. */
  static async open(
    dataRoot: string,
    program: LayerProgram,
    onNames: () => void,
    now: () => number,
  ): Promise<ImageStore> {
    const store = new ImageStore(new StorePaths(dataRoot), program, onNames, now);
    store.paths.makeDirectories();
    store.blobs.load();
    store.layers.load();
    store.index.load((record) => store.#isComplete(record));
    forgetUnreferenced(store.index.list(), store.layers, store.blobs);
    await program.remove(findLeftovers(store.paths, Date.now()));
    return store;
  }

  /** The image with everything that containers need of it. */
  image(record: ImageRecord): Image {
    const known = this.#images.get(record);
    if (known !== undefined) return known;
    const image = record.rootfs === null ? this.#describe(record) : describeDirectory(record, record.rootfs);
    this.#images.set(record, image);
    return image;
  }

  /** Runs work that adds to the store; what it adds is not collected before it has ended. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work();
    } catch (error) {
      // Finished layers stay for the next attempt, unless there is no room for them or no attempt can succeed.
      if (error instanceof TsstackError && (error.code === 'exhausted' || error.code === 'invalid'))
        this.#isCollectionDue = true;
      throw error;
    } finally {
      this.#users -= 1;
      if (this.#users === 0 && this.#isCollectionDue) await this.collect();
      this.#background = this.#background.then(() => this.#makeDurable());
    }
  }

  /** Resolves when nothing goes on behind the scenes any more. */
  settle(): Promise<void> {
    return this.#background;
  }

  /** Nobody waits for the disk when an image is new; until it is there the layers count as lost when the power fails. */
  async #makeDurable(): Promise<void> {
    const written = this.layers.listVolatile();
    if (written.length === 0) return;
    try {
      await this.program.sync(this.paths.root);
      this.layers.markDurable(written);
    } catch {
      // They stay volatile, which is true, and the next image tries again.
    }
  }

  /** Frees what no image needs: now, or when everything that adds to the store has ended. */
  async collect(): Promise<void> {
    this.#isCollectionDue = this.#users > 0;
    if (this.#isCollectionDue) return;
    // Forgetting is one synchronous step, so that nothing can begin to use what goes.
    await this.program.remove(forgetUnreferenced(this.index.list(), this.layers, this.blobs));
  }

  #isComplete({ id, manifest, chain, rootfs }: ImageRecord): boolean {
    if (rootfs !== null) return true;
    return (
      [id, manifest].every((digest) => this.blobs.has(digest)) && chain.every((chainId) => this.layers.get(chainId))
    );
  }

  #describe(record: ImageRecord): Image {
    const name = Object.keys(record.references)[0] ?? record.id;
    const data = readFileSync(this.blobs.path(record.id));
    verifyDigest(data, record.id, `the configuration of ${name}`);
    const { config, createdAt, platform } = parseImageConfig(data, name);
    return {
      id: record.id,
      refs: Object.keys(record.references).map(familiarName),
      config,
      layers: record.chain.toReversed().map((chainId) => this.layers.directory(chainId)),
      sizeBytes: record.chain.reduce((sum, chainId) => sum + this.#layerBytes(chainId), 0),
      createdAt,
      platform: formatPlatform(platform),
    };
  }

  #layerBytes(chainId: Digest): number {
    return this.layers.get(chainId)?.bytes ?? 0;
  }
}

/** Nothing of a directory is copied, so it takes no room and belongs to whoever made it. */
function describeDirectory(record: ImageRecord, directory: string): Image {
  return {
    id: record.id,
    refs: Object.keys(record.references),
    config: { ...emptyConfig(), Env: [defaultPath] },
    layers: [directory],
    sizeBytes: 0,
    createdAt: '',
    platform: formatPlatform(hostPlatform()),
  };
}
