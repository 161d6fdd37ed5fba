import type { FoundImage, ImageHolder } from '../../../../src/model/found-image.ts';
import { TsstackError } from '../../../../src/model/errors.ts';
import { delay } from '../../abortable.ts';
import { DigestMismatchError, MalformedImageError } from '../errors.ts';
import { verifyDigest } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';
import { maxManifestBytes, mediaTypes } from '../formats/manifest.ts';
import { maxAttempts, retryDelayMs } from '../registry/deadlines.ts';
import type { BlobProvider, DocumentBlob, ImageSource, LayerSource } from '../sources/image-source.ts';
import { resolveImage } from '../sources/resolve-image.ts';
import type { ImagePeers } from './image-peers.ts';

/** First pause after a broken transfer; doubles with each that brought nothing. */
const retryMs = 200;

/** By which part a compressor makes larger what it cannot compress, and by how much at least: more than any of them does (RFC 1951: 5 bytes in 64 KiB). */
const expansion = 0.01;
const expansionBytes = 64 * 1024;

/** What is known of an image before another node has said anything. */
interface PeerImage {
  readonly id: Digest;
  readonly name: string;
  readonly layerBytes: FoundImage['layerBytes'];
}

/**
 * An image at another node. That node's manifest only says which archives it has: the configuration is proved by its digest, which is the image's
 * id, and the layers by the digests of their uncompressed archives, which are in the configuration.
 */
export async function openPeerImage(
  peers: ImagePeers,
  holder: ImageHolder,
  { id, name, layerBytes }: PeerImage,
  signal: AbortSignal,
): Promise<ImageSource> {
  const provider = new PeerBlobs(peers, holder, id);
  const data = await provider.readSmall(null, `the manifest of ${name} of node ${holder.hostname}`, signal);
  const source = await resolveImage(provider, { data, contentType: mediaTypes.ociManifest }, name, signal);
  if (source.id !== id) {
    throw new DigestMismatchError(`the image ${name} of node ${holder.hostname}`, id, source.id);
  }
  return { ...source, layers: source.layers.map((layer, index) => bounded(layer, layerBytes?.[index] ?? null)) };
}

/** However an archive is compressed, it is not much larger than what it is made of. */
function bounded(layer: LayerSource, archiveBytes: number | null): LayerSource {
  if (archiveBytes === null) return layer;
  const mostBytes = Math.ceil(archiveBytes * (1 + expansion)) + expansionBytes;
  if (layer.size > mostBytes) throw new DigestMismatchError(layer.name, `${mostBytes} bytes at most`, `${layer.size}`);
  return { ...layer, maxBytes: archiveBytes };
}

class PeerBlobs implements BlobProvider {
  readonly #peers: ImagePeers;
  readonly #holder: ImageHolder;
  readonly #image: Digest;

  constructor(peers: ImagePeers, holder: ImageHolder, image: Digest) {
    this.#peers = peers;
    this.#holder = holder;
    this.#image = image;
  }

  async readDocument({ digest }: DocumentBlob, what: string, signal: AbortSignal): Promise<Uint8Array> {
    const data = await this.readSmall(digest, what, signal);
    verifyDigest(data, digest, what);
    return data;
  }

  async readSmall(digest: Digest | null, what: string, signal: AbortSignal): Promise<Buffer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#readOnce(digest, what, signal);
      } catch (error) {
        await pause(error, attempt + 1, signal);
      }
    }
  }

  /** A transfer that breaks is taken up where it broke, as long as there is progress between two failures. */
  async *open(digest: Digest, size: number, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let position = offset;
    for (let attempt = 1; position < size;) {
      const before = position;
      try {
        for await (const chunk of this.#peers.open(this.#holder, this.#content(digest, position), signal)) {
          position += chunk.length;
          yield chunk;
        }
        if (position < size) throw new DigestMismatchError(`blob ${digest}`, `${size} bytes`, `${position}`);
      } catch (error) {
        attempt = position > before ? 1 : attempt + 1;
        await pause(error, attempt, signal);
      }
    }
  }

  async #readOnce(digest: Digest | null, what: string, signal: AbortSignal): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.#peers.open(this.#holder, this.#content(digest, 0), signal)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxManifestBytes) throw new MalformedImageError(what, `it has more than ${maxManifestBytes} bytes`);
    }
    return Buffer.concat(chunks);
  }

  #content(digest: Digest | null, offset: number): { image: Digest; digest: Digest | null; offset: number } {
    return { image: this.#image, digest, offset };
  }
}

/** Waits before attempt number `attempt`, or throws what cannot be helped by another one. */
async function pause(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (attempt > maxAttempts || !(error instanceof TsstackError) || !error.retryable) throw error;
  await delay(retryDelayMs(attempt - 1, retryMs), signal);
  signal.throwIfAborted();
}
