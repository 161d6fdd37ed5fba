/** Where the nodes of a cluster get an image from. */
export interface FoundImage {
  /** Digest of its configuration. */
  readonly imageId: string;
  /** `linux/amd64`; empty when it is not known. */
  readonly platform: string;
  /** `HOST/REPOSITORY@DIGEST` in its registry; null when it is in none. */
  readonly pinned: string | null;
  /** Bytes of the uncompressed archives of its layers, lowest first, by which other nodes' word is judged; null where that is not known. */
  readonly layerBytes: readonly (number | null)[] | null;
  /** Nodes that can be asked for it, those first that are known to have it. */
  readonly holders: readonly ImageHolder[];
  /** Nodes that had it and cannot be asked now, one line for people: `m1, which is down since …`; empty when there is none. */
  readonly absent: string;
}

/** A node that may have an image. */
export interface ImageHolder {
  readonly nodeId: string;
  readonly hostname: string;
}
