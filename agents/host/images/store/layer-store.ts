import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import * as z from 'zod';
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
  /** The uncompressed archive; older records do not say. */
  archiveBytes: z.number().nullable().default(null),
  /** The archive it was unpacked from. */
  blob: z.object({ mediaType: z.string(), digest, size: z.number() }),
  /** While the files are perhaps not on the disk yet: the boot during which they were written, after which they cannot be trusted. */
  volatileSince: z.string().nullable(),
});

/** What an unpacked layer is. */
export type LayerRecord = z.infer<typeof recordSchema>;

/** Changes with each start of the host. */
function currentBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * Unpacked layers by chain id. A layer exists when both its directory and its record do; the record is written last and removed
 * first, so that whatever a crash leaves is told from a layer.
 */
export class LayerStore {
  readonly #paths: StorePaths;
  readonly #program: LayerProgram;
  readonly #records = new Map<Digest, LayerRecord>();
  readonly #boot = currentBoot();

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
    const record = recordSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    const isWhole = record.data?.volatileSince === null || record.data?.volatileSince === this.#boot;
    if (record.success && isWhole) this.#records.set(record.data.chainId, record.data);
    else this.#discard(path.slice(0, -'.json'.length));
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
    const { diffId, bytes, archiveBytes } = unpacked;
    if (!isDigest(diffId)) throw new MalformedImageError('layer', `strange digest ${diffId}`);
    if (unpacked.implicitDirectories.length > 0 && below.length > 0) {
      await this.#program.adoptParents(directory, unpacked.implicitDirectories, below);
    }
    const record: LayerRecord = { chainId, diffId, bytes, archiveBytes, blob, volatileSince: this.#boot };
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

  /** Layers that a failure of power could damage. */
  listVolatile(): readonly LayerRecord[] {
    return this.list().filter(({ volatileSince }) => volatileSince !== null);
  }

  /** Remembers that these layers are on the disk. */
  markDurable(records: readonly LayerRecord[]): void {
    for (const record of records) {
      if (this.#records.get(record.chainId) !== record) continue;
      const durable = { ...record, volatileSince: null };
      writeAtomically(this.#paths.layerRecord(layerName(record.chainId)), JSON.stringify(durable));
      this.#records.set(record.chainId, durable);
    }
  }

  /** Takes the layer away at once and returns what has to be removed. */
  forget(chainId: Digest): string {
    this.#records.delete(chainId);
    return this.#discard(this.directory(chainId));
  }

  #discard(directory: string): string {
    const trash = this.#paths.scratch('trash');
    rmSync(`${directory}.json`, { force: true });
    renameSync(directory, trash);
    return trash;
  }
}
