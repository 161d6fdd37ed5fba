import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import * as z from 'zod';
import { MalformedImageError } from '../errors.ts';
import { digestHex, digestOf, verifyDigest } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';
import { checkLayerCount, parseImageConfig } from '../formats/image-config.ts';
import { compressionSuffix } from '../formats/compression.ts';
import { parseJson } from '../formats/json.ts';
import { maxManifestBytes, mediaTypes } from '../formats/manifest.ts';
import { readExactly, TarIndex } from '../formats/tar-index.ts';
import type { TarEntry } from '../formats/tar-index.ts';
import type { BlobProvider, ImageSource, LayerSource } from './image-source.ts';
import { namesOf, parseLayoutIndex } from './layout-index.ts';
import { resolveImage } from './resolve-image.ts';

const chunkBytes = 1024 * 1024;

const archiveManifest = z.array(
  z.object({
    Config: z.string(),
    RepoTags: z
      .array(z.string())
      .nullish()
      .transform((tags) => tags ?? []),
    Layers: z
      .array(z.string())
      .nullish()
      .transform((layers) => layers ?? []),
  }),
);

/** An image in an archive with the names that the archive gives it. */
export interface ArchivedImage {
  readonly names: readonly string[];
  readonly source: ImageSource;
}

/** An uncompressed tar as `docker save` writes it, or with an OCI image layout in it. */
export class ImageArchive {
  readonly #name: string;
  readonly #file: FileHandle;
  readonly #index: TarIndex;

  private constructor(name: string, file: FileHandle, index: TarIndex) {
    this.#name = name;
    this.#file = file;
    this.#index = index;
  }

  static async open(path: string, name: string): Promise<ImageArchive> {
    const file = await open(path);
    try {
      return new ImageArchive(name, file, await TarIndex.read(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** All images, at least one; docker's own list goes first, because it has the names. */
  async images(signal: AbortSignal): Promise<ArchivedImage[]> {
    const images = await this.#list(signal);
    if (images.length === 0) throw new MalformedImageError(this.#name, 'it has no image');
    return images;
  }

  async #list(signal: AbortSignal): Promise<ArchivedImage[]> {
    const manifest = this.#index.find('manifest.json');
    if (manifest !== undefined) return await this.#dockerImages(manifest);
    const index = this.#index.find('index.json');
    if (index !== undefined) return await this.#layoutImages(index, signal);
    throw new MalformedImageError(
      this.#name,
      'it has neither manifest.json nor index.json, so it is no saved image (a root file system is read by "tsstack import")',
    );
  }

  async #dockerImages(manifest: TarEntry): Promise<ArchivedImage[]> {
    const entries = parseJson(archiveManifest, await this.#readSmall(manifest), `manifest.json of ${this.#name}`);
    return await Promise.all(
      entries.map(async ({ Config, RepoTags, Layers }) => {
        const name = RepoTags[0] ?? this.#name;
        const configData = await this.#readSmall(this.#require(Config));
        const document = parseImageConfig(configData, name);
        checkLayerCount(document, Layers.length, name);
        const layers = await Promise.all(Layers.map((path) => this.#layer(path, name)));
        return {
          names: RepoTags,
          source: { id: digestOf(configData), configData, document, manifestData: null, pinned: null, layers },
        };
      }),
    );
  }

  async #layer(path: string, imageName: string): Promise<LayerSource> {
    const entry = this.#require(path);
    const magic = await readExactly(this.#file, entry.offset, Math.min(4, entry.size));
    return {
      name: `layer ${path} of ${imageName}`,
      digest: null,
      size: entry.size,
      maxBytes: null,
      mediaType: mediaTypes.ociLayer + compressionSuffix(magic),
      open: (offset, signal) => this.#read(entry, offset, signal),
    };
  }

  async #layoutImages(index: TarEntry, signal: AbortSignal): Promise<ArchivedImage[]> {
    const { manifests } = parseLayoutIndex(await this.#readSmall(index), this.#name);
    const provider: BlobProvider = {
      readDocument: async ({ digest }, what) => {
        const data = await this.#readSmall(this.#blob(digest));
        verifyDigest(data, digest, what);
        return data;
      },
      open: (digest, _size, offset, opened) => this.#read(this.#blob(digest), offset, opened),
    };
    return await Promise.all(
      manifests.map(async (descriptor) => {
        const names = namesOf(descriptor);
        const name = names[0] ?? this.#name;
        const data = await provider.readDocument(
          { digest: descriptor.digest, kind: 'manifest' },
          `the manifest of ${name}`,
          signal,
        );
        const source = await resolveImage(provider, { data, contentType: descriptor.mediaType }, name, signal);
        return { names, source };
      }),
    );
  }

  #blob(digest: Digest): TarEntry {
    return this.#require(`blobs/sha256/${digestHex(digest)}`);
  }

  #require(path: string): TarEntry {
    const entry = this.#index.find(path);
    if (entry === undefined) throw new MalformedImageError(this.#name, `it names ${path}, but does not have it`);
    return entry;
  }

  async #readSmall(entry: TarEntry): Promise<Buffer> {
    if (entry.size > maxManifestBytes) {
      throw new MalformedImageError(this.#name, `a document in it has ${entry.size} bytes`);
    }
    return await readExactly(this.#file, entry.offset, entry.size);
  }

  async *#read(entry: TarEntry, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let position = offset; position < entry.size; position += chunkBytes) {
      signal.throwIfAborted();
      yield await readExactly(this.#file, entry.offset + position, Math.min(chunkBytes, entry.size - position));
    }
  }
}
