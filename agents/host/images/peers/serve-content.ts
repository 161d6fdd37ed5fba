import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ImageNotFoundError, MalformedImageError } from '../errors.ts';
import { requireDigest } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';
import { composeManifest, parseManifest } from '../formats/manifest.ts';
import type { LayerBlob } from '../formats/manifest.ts';
import type { ImageStore } from '../image-store.ts';
import type { ImageRecord } from '../store/image-index.ts';

/** Bytes in one frame: small enough that a few of them per transfer are no burden for the manager that passes them on. */
const chunkBytes = 256 * 1024;

const hint = 'bring it to this node, or wait until another node that has it is back';

/** Content of an image for another node: a null digest means the manifest. Only what belongs to the image. */
export async function openContent(
  store: ImageStore,
  image: string,
  digest: string | null,
  offset: number,
): Promise<AsyncIterable<Uint8Array>> {
  const record = store.index.byId(requireDigest(image, 'the image'));
  if (record === undefined || record.rootfs !== null)
    throw new ImageNotFoundError(image, 'this node does not have it', hint);
  if (digest === null) return Readable.from([(await manifestOf(store, record)).subarray(offset)]);
  const blob = requireDigest(digest, 'the blob');
  const isPart = blob === record.id || layerBlobs(store, record).some((layer) => layer.digest === blob);
  if (!isPart || !store.blobs.has(blob)) {
    throw new ImageNotFoundError(image, `this node has no part ${digest} of it`, hint);
  }
  return createReadStream(store.blobs.path(blob), { start: offset, highWaterMark: chunkBytes });
}

/**
 * As it came, if this node has the archives that it names. A layer may have come by another image with another compression: then a manifest of
 * those archives that are here.
 */
async function manifestOf(store: ImageStore, record: ImageRecord): Promise<Buffer> {
  const stored = await store.blobs.read(record.manifest, `the manifest of ${record.id}`);
  const blobs = layerBlobs(store, record);
  const parsed = parseManifest(stored, '', record.id);
  const named = parsed.kind === 'image' ? parsed.manifest.layers.map(({ digest }) => digest) : [];
  if (named.join() === blobs.map(({ digest }) => digest).join()) return stored;
  const { size } = await stat(store.blobs.path(record.id));
  return composeManifest({ digest: record.id, size }, blobs);
}

/** The archives of its layers, lowest first. */
function layerBlobs(store: ImageStore, { id, chain }: ImageRecord): readonly LayerBlob[] {
  return chain.map((chainId: Digest) => {
    const layer = store.layers.get(chainId);
    if (layer === undefined) throw new MalformedImageError(id, `layer ${chainId} is missing`);
    return layer.blob;
  });
}
