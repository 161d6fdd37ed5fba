import { digestOf } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';
import { familiarName, referenceKey } from '../../../../src/model/image-reference.ts';
import type { RegistryReference } from '../../../../src/model/image-reference.ts';
import type { BlobProvider, DocumentBlob, ImageSource } from '../sources/image-source.ts';
import { resolveImage } from '../sources/resolve-image.ts';
import type { BlobStore } from '../store/blob-store.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { RegistryClient, Repository } from './registry-client.ts';

/** Looks an image up in its registry. Documents that are in the store already are not fetched again. */
export async function openRegistryImage(
  registries: RegistryAccess,
  reference: RegistryReference,
  blobs: BlobStore,
  signal: AbortSignal,
): Promise<ImageSource> {
  const client = registries.client(reference.host);
  const name = familiarName(referenceKey(reference));
  const repository: Repository = { name: reference.repository, reference: name };
  const provider = new RegistryBlobs(client, repository, blobs);
  const target = reference.digest ?? reference.tag ?? 'latest';
  const top = await client.getManifest(repository, target, reference.digest, signal);
  const source = await resolveImage(provider, top, name, signal);
  return { ...source, pinned: referenceKey({ ...reference, tag: null, digest: digestOf(top.data) }) };
}

class RegistryBlobs implements BlobProvider {
  readonly #client: RegistryClient;
  readonly #repository: Repository;
  readonly #stored: BlobStore;

  constructor(client: RegistryClient, repository: Repository, stored: BlobStore) {
    this.#client = client;
    this.#repository = repository;
    this.#stored = stored;
  }

  async readDocument(blob: DocumentBlob, what: string, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#stored.has(blob.digest)) return await this.#stored.read(blob.digest, what);
    if (blob.kind === 'blob') return await this.#client.getDocument(this.#repository, blob.digest, what, signal);
    return (await this.#client.getManifest(this.#repository, blob.digest, blob.digest, signal)).data;
  }

  open(digest: Digest, size: number, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#client.download(this.#repository, digest, size, offset, signal);
  }
}
