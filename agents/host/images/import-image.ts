import { MalformedImageError, translateStorageError } from './errors.ts';
import { requireDigest } from './formats/digest.ts';
import type { Digest } from './formats/digest.ts';
import { applyChanges } from './formats/changes.ts';
import { compressionSuffix } from './formats/compression.ts';
import { emptyConfig } from './formats/image-config.ts';
import type { OciImageConfig } from './formats/image-config.ts';
import { composeManifest, mediaTypes } from './formats/manifest.ts';
import type { LayerBlob } from './formats/manifest.ts';
import { hostPlatform } from './formats/platform.ts';
import type { ImageStore } from './image-store.ts';
import type { ObtainOptions } from './obtain-image.ts';
import { parseRegistryReference, referenceKey } from '../../../src/model/image-reference.ts';
import type { ImageRecord } from './store/image-index.ts';
import { Unpacker } from './unpacker.ts';

/** Makes an image of one layer from the tar of a root file system; `changes` are Dockerfile instructions. */
export async function importImage(
  store: ImageStore,
  input: AsyncIterable<Uint8Array>,
  name: string,
  changes: readonly string[],
  options: ObtainOptions,
): Promise<ImageRecord> {
  const key = referenceKey(parseRegistryReference(name));
  const config = applyChanges(emptyConfig(), changes);
  try {
    const { diffId, blob } = await importLayer(store, input, key, options);
    const configData = Buffer.from(JSON.stringify(describe(config, diffId)));
    const id = store.blobs.put(configData);
    const manifest = store.blobs.put(composeManifest({ digest: id, size: configData.length }, [blob]));
    const record = store.index.put({ id, manifest, chain: [diffId], rootfs: null, pinned: null }, [
      { key, sourceState: null },
    ]);
    options.listener({ status: 'loaded', id: name, current: 1, total: 1 });
    return record;
  } catch (error) {
    throw translateStorageError(error, `import ${name}`, store.paths.root);
  }
}

/** Stores and unpacks the tar; its digests are known only afterwards. */
async function importLayer(
  store: ImageStore,
  input: AsyncIterable<Uint8Array>,
  key: string,
  { signal, listener }: ObtainOptions,
): Promise<{ readonly diffId: Digest; readonly blob: LayerBlob }> {
  const directory = store.paths.scratch('layer');
  const unpacker = new Unpacker(store.program, { to: directory, diffId: null, maxBytes: null, signal });
  const writer = await unpacker.openWriter(store.blobs, null);
  let mediaType: string | null = null;
  try {
    for await (const chunk of input) {
      signal.throwIfAborted();
      mediaType ??= mediaTypes.ociLayer + compressionSuffix(chunk);
      await writer.write(chunk);
      await unpacker.write(chunk);
      listener({ status: 'downloading', id: key, current: writer.size, total: 0 });
    }
    if (mediaType === null) throw new MalformedImageError('archive', 'it is empty');
    const result = await unpacker.finish();
    const diffId = requireDigest(result.diffId, `import ${key}`);
    const blob = {
      mediaType,
      digest: await writer.finish(null, key),
      size: writer.size,
    };
    if (store.layers.get(diffId) === undefined)
      await store.layers.publish(directory, result, { chainId: diffId, blob }, []);
    else await store.program.remove([directory]);
    return { diffId, blob };
  } catch (error) {
    await unpacker.abort();
    await writer.abandon(false);
    await store.program.remove([directory]);
    throw error;
  }
}

function describe(config: OciImageConfig, diffId: Digest): object {
  const { os, architecture, variant } = hostPlatform();
  const asSet = (names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, {}]));
  const { Healthcheck: _none, ...rest } = config;
  return {
    created: new Date().toISOString(),
    architecture,
    os,
    ...(variant === '' ? {} : { variant }),
    config: { ...rest, ExposedPorts: asSet(config.ExposedPorts), Volumes: asSet(config.Volumes) },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: new Date().toISOString(), comment: 'Imported by tsstack' }],
  };
}
