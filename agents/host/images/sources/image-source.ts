import type { Digest } from '../formats/digest.ts';
import type { ImageDocument } from '../formats/image-config.ts';

/** An image at its source: its documents are here, its layers can be fetched. */
export interface ImageSource {
  /** Of the configuration: the image's id. */
  readonly id: Digest;
  readonly configData: Uint8Array;
  readonly document: ImageDocument;
  /** Null when the source has none; one is made up then. */
  readonly manifestData: Uint8Array | null;
  /** Its name with a digest in the registry that it is from; null for other sources. */
  readonly pinned: string | null;
  /** Lowest first. */
  readonly layers: readonly LayerSource[];
}

/** One layer's archive at its source. */
export interface LayerSource {
  /** For messages: "layer 0123456789ab of redis:7". */
  readonly name: string;
  /** Of the archive as it is stored; null when the source does not say. */
  readonly digest: Digest | null;
  readonly size: number;
  /** What it may be at most when it is uncompressed; null where that is not known. */
  readonly maxBytes: number | null;
  readonly mediaType: string;
  /** The archive's bytes from that offset on. */
  open(offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A small document; registries keep manifests (indexes too) and other blobs in different places. */
export interface DocumentBlob {
  readonly digest: Digest;
  readonly kind: 'manifest' | 'blob';
}

/** Something that holds blobs by digest: a registry, a layout directory, a layout in an archive. */
export interface BlobProvider {
  /** A manifest, an index or a configuration, verified. */
  readDocument(blob: DocumentBlob, what: string, signal: AbortSignal): Promise<Uint8Array>;
  open(digest: Digest, size: number, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
