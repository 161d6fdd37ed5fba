import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from '../../errors.ts';
import { ImageNotFoundError, MalformedImageError } from '../errors.ts';
import { digestHex, verifyDigest } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';
import { maxManifestBytes, mediaTypes } from '../formats/manifest.ts';
import type { ImageIndex } from '../formats/manifest.ts';
import { referenceKey } from '../../../../src/model/image-reference.ts';
import type { LayoutReference } from '../../../../src/model/image-reference.ts';
import type { BlobProvider, DocumentBlob, ImageSource } from './image-source.ts';
import { parseLayoutIndex, selectLayoutImage } from './layout-index.ts';
import { resolveImage } from './resolve-image.ts';

const chunkBytes = 1024 * 1024;

/** Opens an image of a directory in the OCI image layout. */
export async function openLayout(reference: LayoutReference, signal: AbortSignal): Promise<ImageSource> {
  const name = referenceKey(reference);
  const index = await readIndex(reference.directory, name);
  const chosen = selectLayoutImage(index, reference.tag, name);
  const provider = new DirectoryBlobs(join(reference.directory, 'blobs/sha256'));
  const data = await provider.readDocument({ digest: chosen.digest, kind: 'manifest' }, `the manifest of ${name}`);
  return await resolveImage(provider, { data, contentType: chosen.mediaType || mediaTypes.ociManifest }, name, signal);
}

async function readIndex(directory: string, name: string): Promise<ImageIndex> {
  try {
    const path = join(directory, 'index.json');
    const { size } = await stat(path);
    if (size > maxManifestBytes) throw new MalformedImageError(`the index of ${name}`, `it has ${size} bytes`);
    return parseLayoutIndex(await readFile(path), name);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw new ImageNotFoundError(
      name,
      `${directory} has no index.json`,
      'name a directory in the OCI image layout, as skopeo, buildah and "docker buildx build -o type=oci,tar=false" write it',
      error,
    );
  }
}

class DirectoryBlobs implements BlobProvider {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async readDocument(blob: DocumentBlob, what: string): Promise<Uint8Array> {
    try {
      const data = await readFile(join(this.#directory, digestHex(blob.digest)));
      verifyDigest(data, blob.digest, what);
      return data;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) throw new MalformedImageError(what, 'the layout does not have it', error);
      throw error;
    }
  }

  open(digest: Digest, _size: number, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const path = join(this.#directory, digestHex(digest));
    return createReadStream(path, { start: offset, highWaterMark: chunkBytes, signal });
  }
}
