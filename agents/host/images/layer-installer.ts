import { rm } from 'node:fs/promises';
import PQueue from 'p-queue';
import { NativeError } from '../native/native-error.ts';
import type { LayerProgram, UnpackResult } from '../native/layer.ts';
import { translateStorageError } from './errors.ts';
import type { Digest } from './formats/digest.ts';
import type { LayerBlob } from './formats/manifest.ts';
import { receiveLayer } from './receive-layer.ts';
import { SharedOperations } from './shared-operations.ts';
import type { LayerSource } from './sources/image-source.ts';
import { DiskRoom } from './store/disk-room.ts';
import type { BlobStore } from './store/blob-store.ts';
import type { LayerRecord, LayerStore } from './store/layer-store.ts';
import type { StorePaths } from './store/store-paths.ts';
import type { ImageEvent, ImageListener } from './types.ts';

/** Layers fetched and unpacked at the same time over all images: what the reference engine does, and it keeps two cores busy. */
const concurrentLayers = 3;

/** A layer that is wanted, with its place in the stack of layers. */
export interface WantedLayer {
  readonly source: LayerSource;
  readonly diffId: Digest;
  readonly chainId: Digest;
}

export interface InstallerParts {
  readonly paths: StorePaths;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly program: LayerProgram;
}

/** A layer's files are there, and so is the archive that they are from. */
interface Unpacked {
  readonly result: UnpackResult;
  readonly blob: LayerBlob;
}

/** Brings layers from their sources into the store, each once however many images want it at the same time. */
export class LayerInstaller {
  readonly #parts: InstallerParts;
  readonly #room: DiskRoom;
  readonly #queue = new PQueue({ concurrency: concurrentLayers });
  readonly #running = new SharedOperations<LayerRecord, ImageEvent>();
  /** Archives on their way in: images often have the same one (an empty layer) at several places of the stack. */
  readonly #arriving = new Map<Digest, Promise<unknown>>();

  constructor(parts: InstallerParts) {
    this.#parts = parts;
    this.#room = new DiskRoom(parts.paths.root);
  }

  /** Installs all layers (lowest first). When one fails the others are stopped, and the first failure is thrown. */
  async installAll(wanted: readonly WantedLayer[], signal: AbortSignal, listener: ImageListener): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const outcomes = wanted.map(async (_layer, index) => {
      try {
        await this.#install(wanted, index, either, listener);
      } catch (error) {
        over.abort(error);
        throw error;
      }
    });
    const settled = await Promise.allSettled(outcomes);
    signal.throwIfAborted();
    if (over.signal.aborted) throw over.signal.reason;
    for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #install(
    wanted: readonly WantedLayer[],
    index: number,
    signal: AbortSignal,
    listener: ImageListener,
  ): Promise<LayerRecord | null> {
    const layer = wanted[index];
    if (layer === undefined) return null;
    const id = shortName(layer);
    const present = this.#parts.layers.get(layer.chainId);
    if (present !== undefined) {
      listener({ status: 'exists', id, current: 0, total: 0 });
      return present;
    }
    return await this.#running.run(layer.chainId, { signal, listener }, async (shared, report) => {
      report({ status: 'waiting', id, current: 0, total: layer.source.size });
      const unpacked = await this.#inTurn(() => this.#unpack(layer, shared, report), shared);
      try {
        // Layers appear from below, so that a layer can take over what the ones below it say about a directory. The lower
        // layer is asked for again rather than awaited as this caller's own: that caller may give up.
        await this.#install(wanted, index - 1, shared, () => undefined);
        const below = wanted.slice(0, index).map(({ chainId }) => this.#parts.layers.directory(chainId));
        const found = { chainId: layer.chainId, blob: unpacked.blob };
        const record = await this.#parts.layers.publish(unpacked.directory, unpacked.result, found, below.reverse());
        report({ status: 'done', id, current: layer.source.size, total: layer.source.size });
        return record;
      } catch (error) {
        await this.#parts.program.remove([unpacked.directory]);
        throw error;
      }
    });
  }

  /** Runs work in the queue. An abort takes it out of the queue at once; if it has begun, its own outcome counts, for which p-queue does not wait. */
  async #inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const begun: Promise<T>[] = [];
    try {
      return await this.#queue.add(
        () => {
          const promise = work();
          begun.push(promise);
          return promise;
        },
        { signal },
      );
    } catch (error) {
      const [promise] = begun;
      if (promise === undefined) throw error;
      return await promise;
    }
  }

  async #unpack(
    layer: WantedLayer,
    signal: AbortSignal,
    report: ImageListener,
  ): Promise<Unpacked & { readonly directory: string }> {
    const { paths, program } = this.#parts;
    const directory = paths.scratch('layer');
    try {
      let stored: Unpacked | null;
      do {
        await this.#untilArrived(layer.source.digest);
        stored = await this.#unpackStored(layer, directory, signal, report);
        // Another place of the same archive may have been quicker; from this look to the beginning of our own nothing waits.
      } while (stored === null && this.#isArriving(layer.source.digest));
      return { directory, ...(stored ?? (await this.#receive(layer, directory, signal, report))) };
    } catch (error) {
      // The program removes it when it fails, but not when it was killed.
      await program.remove([directory]);
      throw translateStorageError(error, `store ${layer.source.name}`, paths.root);
    }
  }

  #isArriving(digest: Digest | null): boolean {
    return digest !== null && this.#arriving.has(digest);
  }

  async #untilArrived(digest: Digest | null): Promise<void> {
    for (
      let arriving = digest && this.#arriving.get(digest);
      arriving;
      arriving = digest && this.#arriving.get(digest)
    ) {
      await arriving.catch(() => undefined);
    }
  }

  async #receive(layer: WantedLayer, directory: string, signal: AbortSignal, report: ImageListener): Promise<Unpacked> {
    const { blobs, program } = this.#parts;
    const { digest, size } = layer.source;
    const onBytes = (current: number): void =>
      report({ status: 'downloading', id: shortName(layer), current, total: size });
    const target = { to: directory, diffId: layer.diffId, maxBytes: layer.source.maxBytes, signal };
    const receiving = receiveLayer(layer.source, { blobs, program, room: this.#room }, target, onBytes);
    if (digest === null) return await receiving;
    this.#arriving.set(digest, receiving);
    try {
      return await receiving;
    } finally {
      this.#arriving.delete(digest);
    }
  }

  /** Unpacks an archive that is in the store already; null when it is not, or turns out to be damaged. */
  async #unpackStored(
    { source, diffId }: WantedLayer,
    directory: string,
    signal: AbortSignal,
    report: ImageListener,
  ): Promise<Unpacked | null> {
    const { blobs, program } = this.#parts;
    const { digest, size, mediaType, maxBytes } = source;
    if (digest === null || !blobs.has(digest)) return null;
    report({ status: 'unpacking', id: digest.slice(7, 19), current: 0, total: size });
    try {
      const result = await program.unpackFile(blobs.path(digest), { to: directory, diffId, maxBytes, signal });
      return { result, blob: { mediaType, digest, size } };
    } catch (error) {
      const isBadData = error instanceof NativeError && error.nativeCode === 'invalid';
      if (!isBadData || (await blobs.check(digest))) throw error;
      await rm(directory, { recursive: true, force: true });
      return null;
    }
  }
}

function shortName({ source, diffId }: WantedLayer): string {
  return (source.digest ?? diffId).slice('sha256:'.length, 'sha256:'.length + 12);
}
