import { statSync } from 'node:fs';
import { ImageNotFoundError, MalformedImageError } from './errors.ts';
import { digestOf } from './formats/digest.ts';
import type { ImageStore } from './image-store.ts';
import { installImage } from './install-image.ts';
import { referenceKey } from '../../../src/model/image-reference.ts';
import type {
  ArchiveReference,
  IdReference,
  ImageReference,
  RootfsReference,
} from '../../../src/model/image-reference.ts';
import type { RegistryAccess } from './registry/registry-access.ts';
import { openRegistryImage } from './registry/registry-source.ts';
import { ImageArchive } from './sources/archive-source.ts';
import type { ImageSource } from './sources/image-source.ts';
import { openLayout } from './sources/layout-source.ts';
import { sourceState } from './sources/source-state.ts';
import { isPlainFile, spoolArchive } from './sources/spool-archive.ts';
import type { ImageRecord } from './store/image-index.ts';
import type { ImageListener } from './types.ts';

export interface ObtainOptions {
  readonly signal: AbortSignal;
  readonly listener: ImageListener;
}

/** Gets the image that a reference names now, whatever the store already has under this name. */
export async function obtainImage(
  store: ImageStore,
  registries: RegistryAccess,
  reference: Exclude<ImageReference, IdReference>,
  options: ObtainOptions,
): Promise<ImageRecord> {
  if (reference.kind === 'rootfs') return useDirectory(store, reference);
  if (reference.kind === 'docker-archive') return await obtainFromArchive(store, reference, options);
  const key = referenceKey(reference);
  const state = sourceState(reference);
  options.listener({ status: 'resolving', id: key, current: 0, total: 0 });
  const source =
    reference.kind === 'registry'
      ? await openRegistryImage(registries, reference, store.blobs, options.signal)
      : await openLayout(reference, options.signal);
  return await install(store, source, key, state, options);
}

function install(
  store: ImageStore,
  source: ImageSource,
  key: string,
  sourceState: string | null,
  options: ObtainOptions,
): Promise<ImageRecord> {
  return installImage(store, source, [{ key, sourceState }], { reference: key, ...options });
}

async function obtainFromArchive(
  store: ImageStore,
  reference: ArchiveReference,
  options: ObtainOptions,
): Promise<ImageRecord> {
  const key = referenceKey(reference);
  const state = sourceState(reference);
  if (state === null) {
    throw new ImageNotFoundError(key, `${reference.file} does not exist`, 'name a file written by "docker save"');
  }
  return await withArchive(store, reference.file, key, options.signal, async (archive) => {
    const images = await archive.images(options.signal);
    const [only] = images;
    if (only === undefined || images.length > 1) {
      throw new MalformedImageError(
        key,
        `it has ${images.length} images (load it with "tsstack load" and use their names: ${images.flatMap(({ names }) => names).join(', ')})`,
      );
    }
    return await install(store, only.source, key, state, options);
  });
}

/** Opens an archive that is a file or a stream; anything but a plain file is written to the ingest directory first. */
export async function withArchive<T>(
  store: ImageStore,
  input: string | AsyncIterable<Uint8Array>,
  name: string,
  signal: AbortSignal,
  work: (archive: ImageArchive) => Promise<T>,
): Promise<T> {
  if (typeof input === 'string' && (await isPlainFile(input))) {
    await using archive = await ImageArchive.open(input, name);
    return await work(archive);
  }
  const spooled = store.paths.scratch('archive');
  try {
    await spoolArchive(input, spooled, name, signal);
    await using archive = await ImageArchive.open(spooled, name);
    return await work(archive);
  } finally {
    await store.program.remove([spooled]);
  }
}

/** A directory becomes an image by its name alone; nothing is copied. */
function useDirectory(store: ImageStore, reference: RootfsReference): ImageRecord {
  const key = referenceKey(reference);
  const { directory } = reference;
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new ImageNotFoundError(key, `${directory} is no directory`, 'name the root directory of a file system');
  }
  const known = store.index.byKey(key);
  if (known !== undefined) return known;
  const id = digestOf(key);
  return store.index.put({ id, manifest: id, chain: [], rootfs: directory, pinned: null }, [
    { key, sourceState: null },
  ]);
}
