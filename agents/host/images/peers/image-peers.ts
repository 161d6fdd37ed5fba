import type { ImageHolder } from '../../../../src/model/found-image.ts';
import type { Digest } from '../formats/digest.ts';

/** Which bytes of an image are wanted. */
export interface WantedContent {
  readonly image: Digest;
  /** Null = the holder's manifest of it. */
  readonly digest: Digest | null;
  readonly offset: number;
}

/** The other nodes of the cluster, as sources of images. Nothing that they send is believed before its digest has been seen. */
export interface ImagePeers {
  /** The bytes from the offset to the end, once; throws when the connection breaks. */
  open(holder: ImageHolder, content: WantedContent, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
