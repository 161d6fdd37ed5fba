import { UnsupportedImageError } from './errors.ts';
import { chainIds } from './formats/digest.ts';
import type { Digest } from './formats/digest.ts';
import { composeManifest } from './formats/manifest.ts';
import type { LayerBlob } from './formats/manifest.ts';
import type { ImageStore } from './image-store.ts';
import type { ImageSource } from './sources/image-source.ts';
import type { ImageRecord, NewName } from './store/image-index.ts';
import type { ImageListener } from './types.ts';

/** Brings an image from its source into the store and gives it these names. Nothing of it is visible before all of it is there. */
export async function installImage(
  store: ImageStore,
  source: ImageSource,
  names: readonly NewName[],
  options: { readonly reference: string; readonly signal: AbortSignal; readonly listener: ImageListener },
): Promise<ImageRecord> {
  const { diffIds } = source.document;
  if (diffIds.length === 0) {
    throw new UnsupportedImageError(options.reference, 'it has no files', 'put at least one file into the image');
  }
  const chain = chainIds(diffIds);
  const wanted = source.layers.flatMap((layer, index) => {
    const [diffId, chainId] = [diffIds[index], chain[index]];
    return diffId === undefined || chainId === undefined ? [] : [{ source: layer, diffId, chainId }];
  });
  await store.installer.installAll(wanted, options.signal, options.listener);
  const manifestData = source.manifestData ?? compose(store, source.configData, chain);
  const id = store.blobs.put(source.configData);
  const manifest = store.blobs.put(manifestData);
  return store.index.put(
    { id, manifest, chain, rootfs: null, pinned: source.pinned ?? store.index.byId(id)?.pinned ?? null },
    names,
  );
}

function compose(store: ImageStore, configData: Uint8Array, chain: readonly Digest[]): Uint8Array {
  const digest = store.blobs.put(configData);
  const layers: LayerBlob[] = chain.flatMap((chainId) => store.layers.get(chainId)?.blob ?? []);
  return composeManifest({ digest, size: configData.length }, layers);
}
