import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { z } from 'zod';
import type { LayerProgram, UnpackResult } from '../../native/layer.ts';
import { MalformedImageError } from '../errors.ts';
import type { Digest } from '../formats/digest.ts';
import { isDigest } from '../formats/digest.ts';
import type { LayerBlob } from '../formats/manifest.ts';
import { layerName } from './store-paths.ts';
import type { StorePaths } from './store-paths.ts';
import { writeAtomically } from './write-atomically.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

const recordSchema = z.object({
  chainId: digest,
  diffId: digest,
  /** Content of regular files. */
  bytes: z.number(),
  /** The archive it was unpacked from. */
  blob: z.object({ mediaType: z.string(), digest, size: z.number() }),
});

/** What an unpacked layer is. */
export type LayerRecord = z.infer<typeof recordSchema>;

/**
 * Unpacked layers by chain id. A layer exists when both its directory and its record do; the record is written last and removed
 * first, so that whatever a crash leaves is told from a layer.
 */
export class LayerStore {
  readonly #paths: StorePaths;
  readonly #program: LayerProgram;
  readonly #records = new Map<Digest, LayerRecord>();

  constructor(paths: StorePaths, program: LayerProgram) {
    this.#paths = paths;
    this.#program = program;
  }

  /** Learns what is on disk; moves the remains of a crash to the ingest directory. */
  load(): void {
    const names = new Set(readdirSync(this.#paths.layers));
    for (const name of names) {
      if (name.endsWith('.json')) {
        if (names.has(name.slice(0, -'.json'.length))) this.#loadRecord(this.#paths.layer(name));
        else rmSync(this.#paths.layer(name));
      } else if (!names.has(`${name}.json`)) {
        renameSync(this.#paths.layer(name), this.#paths.scratch('trash'));
      }
    }
  }

  #loadRecord(path: string): void {
    const record = recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    this.#records.set(record.chainId, record);
  }

  get(chainId: Digest): LayerRecord | undefined {
    return this.#records.get(chainId);
  }

  list(): readonly LayerRecord[] {
    return [...this.#records.values()];
  }

  directory(chainId: Digest): string {
    return this.#paths.layer(layerName(chainId));
  }

  /** Makes an unpacked directory (in the ingest directory) a layer. `below`: directories of the layers below it, topmost first. */
  async publish(
    directory: string,
    unpacked: UnpackResult,
    layer: { readonly chainId: Digest; readonly blob: LayerBlob },
    below: readonly string[],
  ): Promise<LayerRecord> {
    const { chainId, blob } = layer;
    if (!isDigest(unpacked.diffId)) throw new MalformedImageError('layer', `strange digest ${unpacked.diffId}`);
    if (unpacked.implicitDirectories.length > 0 && below.length > 0) {
      await this.#program.adoptParents(directory, unpacked.implicitDirectories, below);
    }
    const record: LayerRecord = { chainId, diffId: unpacked.diffId, bytes: unpacked.bytes, blob };
    const name = layerName(chainId);
    // 64 bits of a digest do not collide by chance; another layer under this name is a forgery, which must not be used.
    if (existsSync(this.#paths.layer(name)))
      throw new MalformedImageError(`layer ${chainId}`, 'its short name is taken');
    renameSync(directory, this.#paths.layer(name));
    try {
      writeAtomically(this.#paths.layerRecord(name), JSON.stringify(record));
    } catch (error) {
      renameSync(this.#paths.layer(name), directory);
      throw error;
    }
    this.#records.set(chainId, record);
    return record;
  }

  /** Takes the layer away at once and returns what has to be removed. */
  forget(chainId: Digest): string {
    const name = layerName(chainId);
    const trash = this.#paths.scratch('trash');
    this.#records.delete(chainId);
    rmSync(this.#paths.layerRecord(name), { force: true });
    renameSync(this.#paths.layer(name), trash);
    return trash;
  }
}
