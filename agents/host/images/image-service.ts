import { TsstackError } from '../../../src/model/errors.ts';
import type { FoundImage } from '../../../src/model/found-image.ts';
import type { PullPolicy } from '../../../src/model/spec.ts';
import type { ImageHere } from '../../../src/rpc/stream-kinds.ts';
import { LayerProgram } from '../native/layer.ts';
import { ImageInUseError, ImageNotFoundError, PullError, translateStorageError } from './errors.ts';
import { findImage, isCurrent } from './find-image.ts';
import { ImageStore } from './image-store.ts';
import { importImage } from './import-image.ts';
import { loadArchive } from './load-archive.ts';
import type { Digest } from './formats/digest.ts';
import { formatPlatform } from './formats/platform.ts';
import { obtainImage } from './obtain-image.ts';
import type { ObtainOptions } from './obtain-image.ts';
import type { ImagePeers } from './peers/image-peers.ts';
import { findCopy, obtainFound } from './peers/obtain-found.ts';
import { openContent } from './peers/serve-content.ts';
import { familiarName, parseReference, referenceKey } from '../../../src/model/image-reference.ts';
import type { IdReference, ImageReference } from '../../../src/model/image-reference.ts';
import { pinnedName } from './registry/pinned-name.ts';
import { RegistryAccess } from './registry/registry-access.ts';
import type { RegistryDeadlines } from './registry/deadlines.ts';
import { openRegistryImage } from './registry/registry-source.ts';
import { sourceState } from './sources/source-state.ts';
import { SharedOperations } from './shared-operations.ts';
import type { ImageRecord } from './store/image-index.ts';
import type { EnsureOptions, Image, ImageEvent, ImageListener } from './types.ts';

export interface ImageServiceOptions {
  readonly dataRoot: string;
  /** Path of tsstack-layer. */
  readonly layerProgram: string;
  /** Names of the containers that need an image; such an image is not removed. Default: none. */
  readonly usersOf?: (imageId: string) => readonly string[];
  readonly deadlines?: RegistryDeadlines;
  /** Called when the images are known, and whenever a name means another image from then on. */
  readonly onNames?: () => void;
  /** Milliseconds since the epoch, by which images grow old. Default: the host's clock. */
  readonly now?: () => number;
}

export interface TransferOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ImageListener;
}

/** What the removal of a reference means. */
interface Removal {
  readonly id: Digest;
  /** Names that go. */
  readonly keys: readonly string[];
  /** The image goes, too. */
  readonly isWhole: boolean;
  readonly users: readonly string[];
}

/**
 * The images of this host. An image is either complete or not there: layers and documents come first, the entry in the index
 * last, and what a crash leaves between is cleared away by the next start.
 */
export class ImageService {
  readonly #options: ImageServiceOptions;
  readonly #registries: RegistryAccess;
  readonly #running = new SharedOperations<ImageRecord, ImageEvent>();
  readonly #parsed = new Map<string, ImageReference>();
  #opening: Promise<ImageStore> | null = null;
  #opened: ImageStore | null = null;

  constructor(options: ImageServiceOptions) {
    this.#options = options;
    this.#registries = new RegistryAccess(options.deadlines);
  }

  /** Looks what images there are, which otherwise happens at the first use. */
  async open(): Promise<void> {
    await this.#store();
  }

  /** Id of the image that a reference means by now, null when none; undefined before it is known what images there are. */
  idOf(text: string): string | null | undefined {
    if (this.#opened === null) return undefined;
    return findImage(this.#opened.index, this.#parse(text), text)?.id ?? null;
  }

  /** Makes an image available. With the policy `missing` (the default) an image that is here costs a look into a map. */
  async ensure(text: string, options: EnsureOptions = {}): Promise<Image> {
    const { policy = 'missing', signal, onProgress } = options;
    const store = await this.#store();
    const reference = this.#parse(text);
    const found = findImage(store.index, reference, text);
    if (found !== undefined && canUse(found, reference, policy, this.#now())) return store.image(found);
    if (policy === 'never' || reference.kind === 'id') throw notHere(text, reference);
    const record = await this.#running.run(
      referenceKey(reference),
      { signal, listener: onProgress },
      (shared, report) => this.#obtain(store, reference, { signal: shared, listener: report }),
    );
    return store.image(record);
  }

  /** The image with that name or id if it is on this host. */
  async get(text: string): Promise<Image | undefined> {
    const store = await this.#store();
    const found = findImage(store.index, this.#parse(text), text);
    return found === undefined ? undefined : store.image(found);
  }

  /** The whole name of a registry's image with the digest that it has there now; null for images that are in no registry. */
  async resolve(text: string, signal: AbortSignal): Promise<string | null> {
    const reference = this.#parse(text);
    return reference.kind === 'registry' ? await pinnedName(this.#registries, reference, signal) : null;
  }

  /** What a registry's image is there now, without its layers. */
  async identify(text: string, signal: AbortSignal): Promise<ImageHere> {
    const store = await this.#store();
    const reference = this.#parse(text);
    if (reference.kind !== 'registry') throw notHere(text, reference);
    const { id, document, pinned } = await openRegistryImage(this.#registries, reference, store.blobs, signal);
    const platform = formatPlatform(document.platform);
    return { reference: text, imageId: id, platform, pinned, layerBytes: null, namedAtMs: this.#now() };
  }

  /** The images of this host that these references mean by now. `readFiles`: those that are files are read first. */
  async findHere(texts: readonly string[], readFiles: boolean, signal: AbortSignal): Promise<ImageHere[]> {
    const store = await this.#store();
    const found: ImageHere[] = [];
    for (const text of texts) {
      const reference = this.#parse(text);
      const isFile = reference.kind === 'oci-layout' || reference.kind === 'docker-archive';
      if (readFiles && isFile && sourceState(reference) !== null) await this.ensure(text, { signal });
      const record = findImage(store.index, reference, text);
      if (record === undefined || record.rootfs !== null) continue;
      const { id, pinned, namedAt } = record;
      const { platform } = store.image(record);
      const layerBytes = record.chain.map((chainId) => store.layers.get(chainId)?.archiveBytes ?? null);
      const namedAtMs = namedAt[referenceKey(reference)] ?? 0;
      found.push({ reference: text, imageId: id, platform, pinned, layerBytes, namedAtMs });
    }
    return found;
  }

  /** Content of an image for another node: see peers/serve-content.ts. */
  async content(image: string, digest: string | null, offset: number): Promise<AsyncIterable<Uint8Array>> {
    return await openContent(await this.#store(), image, digest, offset);
  }

  /** Makes the very image available that the cluster means by a reference. One that is here costs a look into a map. */
  async ensureFound(
    text: string,
    { found, mayPull, peers }: { readonly found: FoundImage; readonly mayPull: boolean; readonly peers: ImagePeers },
    options: TransferOptions = {},
  ): Promise<Image> {
    const store = await this.#store();
    const reference = this.#parse(text);
    const key = reference.kind === 'id' ? null : referenceKey(reference);
    const request = { key, found, mayPull };
    const here = findCopy(store, request);
    if (here !== undefined) return store.image(withName(store, here, key));
    const { signal, onProgress } = options;
    const record = await this.#running.run(
      `${found.imageId} ${text}`,
      { signal, listener: onProgress },
      (shared, listener) =>
        this.#adding(store, 'get image', text, () =>
          obtainFound(store, this.#registries, peers, request, { signal: shared, listener }),
        ),
    );
    return store.image(record);
  }

  async list(): Promise<Image[]> {
    const store = await this.#store();
    return store.index.list().map((record) => store.image(record));
  }

  /** Loads the images of an archive: the path of a file, or its bytes. */
  async load(input: string | AsyncIterable<Uint8Array>, options: TransferOptions = {}): Promise<Image[]> {
    const store = await this.#store();
    const records = await this.#adding(store, 'load', 'the archive', () =>
      loadArchive(store, input, obtainOptions(options)),
    );
    return records.map((record) => store.image(record));
  }

  /** Makes an image from the tar of a root file system; `changes` are Dockerfile instructions. */
  async import(
    input: AsyncIterable<Uint8Array>,
    name: string,
    options: TransferOptions & { readonly changes?: readonly string[] } = {},
  ): Promise<Image> {
    const store = await this.#store();
    const record = await this.#adding(store, 'import', name, () =>
      importImage(store, input, name, options.changes ?? [], obtainOptions(options)),
    );
    return store.image(record);
  }

  /** Names of the containers that need an image. */
  usersOf(imageId: string): readonly string[] {
    return this.#options.usersOf?.(imageId) ?? [];
  }

  /** What would go with a reference. `users`: containers that need the image, if more than a name would go. */
  async removalOf(text: string): Promise<Removal> {
    const store = await this.#store();
    const reference = this.#parse(text);
    const record = findImage(store.index, reference, text);
    if (record === undefined) throw notHere(text, reference);
    const key = referenceKey(reference);
    const keys = key in record.references ? [key] : Object.keys(record.references);
    const isWhole = keys.length === Object.keys(record.references).length;
    return { id: record.id, keys, isWhole, users: isWhole ? this.usersOf(record.id) : [] };
  }

  /**
   * Removes a name, and the image with its last name; by id the image with all its names. Returns what went. An image that a
   * container needs only loses its names, and that with `force` only.
   */
  async remove(text: string, options: { readonly force?: boolean } = {}): Promise<string[]> {
    const store = await this.#store();
    const { id, keys, isWhole, users } = await this.removalOf(text);
    if (users.length > 0 && options.force !== true) throw new ImageInUseError(text, users);
    if (!isWhole || users.length > 0) store.index.untag(id, keys);
    else store.index.remove(id);
    await store.collect();
    return [...keys.map(familiarName), ...(isWhole && users.length === 0 ? [id] : [])];
  }

  /** Resolves when what it does behind the scenes has ended; the service can be used again afterwards. */
  async settle(): Promise<void> {
    await (await this.#opening)?.settle();
  }

  async #obtain(
    store: ImageStore,
    reference: Exclude<ImageReference, IdReference>,
    options: ObtainOptions,
  ): Promise<ImageRecord> {
    const key = referenceKey(reference);
    const record = await this.#adding(store, 'get image', familiarName(key), () =>
      obtainImage(store, this.#registries, reference, options),
    );
    options.listener({ status: 'done', id: familiarName(key), current: 1, total: 1 });
    return record;
  }

  /** Every failure that leaves here is one for people and names the image. */
  async #adding<T>(store: ImageStore, what: string, name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await store.use(() =>
        work().catch((error: unknown) => {
          throw translateStorageError(error, `${what} ${name}`, store.paths.root);
        }),
      );
    } catch (translated) {
      const isClear = translated instanceof TsstackError && translated.message.includes(name);
      if (isClear || isAbort(translated)) throw translated;
      throw new PullError(`${what} ${name}`, translated);
    }
  }

  readonly #now = (): number => (this.#options.now ?? Date.now)();

  #store(): Promise<ImageStore> {
    return (this.#opening ??= this.#open());
  }

  async #open(): Promise<ImageStore> {
    const { dataRoot, layerProgram, onNames = () => undefined } = this.#options;
    this.#opened = await ImageStore.open(dataRoot, new LayerProgram(layerProgram), onNames, this.#now);
    onNames();
    return this.#opened;
  }

  /** The same few references are asked for again and again. */
  #parse(text: string): ImageReference {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const reference = parseReference(text);
    this.#parsed.set(text, reference);
    return reference;
  }
}

/** What the cluster means by a name, it means here, too. */
function withName(store: ImageStore, record: ImageRecord, key: string | null): ImageRecord {
  if (key === null || key in record.references) return record;
  return store.index.put(record, [{ key, sourceState: null }]);
}

function canUse(record: ImageRecord, reference: ImageReference, policy: PullPolicy, now: number): boolean {
  if (policy === 'never' || reference.kind === 'id' || record.references[referenceKey(reference)] === undefined)
    return true;
  if (policy === 'always' || !isCurrent(record, reference)) return false;
  return policy === 'missing' || isYoung(record, referenceKey(reference), policy.refreshAfterMs, now);
}

/** A name from the future comes of a clock that was wrong: how old it is nobody knows. */
function isYoung({ namedAt }: ImageRecord, key: string, refreshAfterMs: number, now: number): boolean {
  const ageMs = now - (namedAt[key] ?? -Infinity);
  return ageMs >= 0 && ageMs < refreshAfterMs;
}

function obtainOptions({ signal, onProgress }: TransferOptions): ObtainOptions {
  return { signal: signal ?? new AbortController().signal, listener: onProgress ?? (() => undefined) };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function notHere(text: string, reference: ImageReference): ImageNotFoundError {
  const hint =
    reference.kind === 'id'
      ? 'name an image instead; an id is known only on the host that has the image'
      : `get it with "tsstack pull", "tsstack load" or "tsstack import", or allow pulling (pull_policy: missing)`;
  return new ImageNotFoundError(text, 'it is not on this host', hint);
}
