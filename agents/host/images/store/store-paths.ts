import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestHex } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';

/**
 * Where images lie below the data root:
 *
 * - `blobs/sha256/HEX`: manifests, configurations and layer archives, as they came;
 * - `layers/NAME/` and `layers/NAME.json`: an unpacked layer and what it is; NAME is the start of its chain id;
 * - `images.json`: which images there are and under which names;
 * - `ingest/`: whatever is not finished. Only partial downloads in it are worth anything after a crash.
 */
export class StorePaths {
  readonly root: string;
  readonly blobs: string;
  readonly layers: string;
  readonly ingest: string;
  readonly index: string;

  constructor(dataRoot: string) {
    this.root = dataRoot;
    this.blobs = join(dataRoot, 'blobs/sha256');
    this.layers = join(dataRoot, 'layers');
    this.ingest = join(dataRoot, 'ingest');
    this.index = join(dataRoot, 'images.json');
  }

  makeDirectories(): void {
    for (const directory of [this.blobs, this.layers, this.ingest])
      mkdirSync(directory, { recursive: true, mode: 0o711 });
  }

  blob(digest: Digest): string {
    return join(this.blobs, digestHex(digest));
  }

  layer(name: string): string {
    return join(this.layers, name);
  }

  layerRecord(name: string): string {
    return join(this.layers, `${name}.json`);
  }

  /** Where the bytes of a blob gather until they are complete and verified. */
  partial(digest: Digest): string {
    return join(this.ingest, `${digestHex(digest)}.partial`);
  }

  /** A new name for something that is thrown away unless it is renamed. */
  scratch(kind: string): string {
    return join(this.ingest, `${kind}-${randomBytes(8).toString('hex')}`);
  }
}

/** Name of a layer's directory: short, because an overlay mount takes all names of an image in one page. */
export function layerName(chainId: Digest): string {
  return digestHex(chainId).slice(0, 16);
}
