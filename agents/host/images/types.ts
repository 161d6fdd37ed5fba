import type { PullPolicy } from '../../../src/model/spec.ts';
import type { Digest } from './formats/digest.ts';
import type { OciImageConfig } from './formats/image-config.ts';

/** An image that is complete on this host. */
export interface Image {
  /** Digest of its configuration. */
  readonly id: Digest;
  /** Names, as people write them; empty when a newer image took the last one. */
  readonly refs: readonly string[];
  readonly config: OciImageConfig;
  /** Absolute directories of the layers, topmost first. */
  readonly layers: readonly string[];
  /** Content of the files of all layers. */
  readonly sizeBytes: number;
  /** RFC 3339: when it was built. */
  readonly createdAt: string;
  /** `linux/amd64`. */
  readonly platform: string;
}

/** One step of getting an image, for displays. */
export interface ImageEvent {
  readonly status: 'resolving' | 'waiting' | 'downloading' | 'unpacking' | 'exists' | 'retrying' | 'done' | 'loaded';
  /** Short digest of the layer, or the reference. */
  readonly id: string;
  readonly current: number;
  /** 0 = unknown. */
  readonly total: number;
}

export type ImageListener = (event: ImageEvent) => void;

export interface EnsureOptions {
  /** Default `missing`. */
  readonly policy?: PullPolicy;
  readonly signal?: AbortSignal;
  readonly onProgress?: ImageListener;
}
