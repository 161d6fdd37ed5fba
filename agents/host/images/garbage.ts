import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from './formats/digest.ts';
import type { BlobStore } from './store/blob-store.ts';
import type { ImageRecord } from './store/image-index.ts';
import type { LayerStore } from './store/layer-store.ts';
import type { StorePaths } from './store/store-paths.ts';

/** A download that nobody resumed for that long is not resumed any more. */
const partialLifeMs = 24 * 3600 * 1000;

/**
 * Takes away every layer and blob that no image needs and returns what has to be removed from disk. Must not run while images are
 * being installed: their layers come before the image that needs them is known.
 */
export function forgetUnreferenced(images: readonly ImageRecord[], layers: LayerStore, blobs: BlobStore): string[] {
  const chains = new Set<Digest>(images.flatMap(({ chain }) => chain));
  const wanted = new Set<Digest>(images.flatMap(({ id, manifest }) => [id, manifest]));
  const trash: string[] = [];
  for (const { chainId, blob } of layers.list()) {
    if (chains.has(chainId)) wanted.add(blob.digest);
    else trash.push(layers.forget(chainId));
  }
  for (const digest of blobs.list()) if (!wanted.has(digest)) trash.push(blobs.forget(digest));
  return trash;
}

/** What an earlier run left unfinished. */
export function findLeftovers(paths: StorePaths, now: number): string[] {
  return readdirSync(paths.ingest)
    .map((name) => join(paths.ingest, name))
    .filter((path) => !path.endsWith('.partial') || now - statSync(path).mtimeMs > partialLifeMs);
}
