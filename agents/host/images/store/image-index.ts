import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Digest } from '../formats/digest.ts';
import { isDigest } from '../formats/digest.ts';
import { writeAtomically } from './write-atomically.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

const recordSchema = z.object({
  /** Digest of the configuration. */
  id: digest,
  manifest: digest,
  /** Chain ids of the layers, lowest first; for an image that is a directory, empty. */
  chain: z.array(digest),
  /** The directory of such an image. */
  rootfs: z.string().nullable(),
  /** Its name with a digest in the registry that it is from, which may be that of an index; null for others, and in older files. */
  pinned: z.string().nullable().default(null),
  /** Names, with the state of the local source that each was read from (null for others). */
  references: z.record(z.string(), z.string().nullable()),
  /** When the image got these names, pulled again or not: milliseconds since the epoch. Older files do not know. */
  namedAt: z.record(z.string(), z.number()).default({}),
});

const fileSchema = z.object({ version: z.literal(1), images: z.array(recordSchema) });

export type ImageRecord = z.infer<typeof recordSchema>;

/** A change of the index: the image gets the name, and whatever had it before loses it. */
export interface NewName {
  readonly key: string;
  readonly sourceState: string | null;
}

/** Which images there are, in memory and in one file that is replaced with each change. */
export class ImageIndex {
  readonly #path: string;
  readonly #images = new Map<Digest, ImageRecord>();
  readonly #byKey = new Map<string, ImageRecord>();
  readonly #onChange: () => void;
  readonly #now: () => number;

  constructor(path: string, onChange: () => void = () => undefined, now: () => number = Date.now) {
    this.#path = path;
    this.#onChange = onChange;
    this.#now = now;
  }

  /** Reads the file, leaving out images that are not `isComplete`. */
  load(isComplete: (record: ImageRecord) => boolean): void {
    if (!existsSync(this.#path)) return;
    const { images } = fileSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    for (const image of images) if (isComplete(image)) this.#set(image);
  }

  byKey(key: string): ImageRecord | undefined {
    return this.#byKey.get(key);
  }

  byId(id: Digest): ImageRecord | undefined {
    return this.#images.get(id);
  }

  list(): readonly ImageRecord[] {
    return [...this.#images.values()];
  }

  /** Adds an image (or replaces what was known of it) under these names as well as those that it has. */
  put(image: Omit<ImageRecord, 'references' | 'namedAt'>, names: readonly NewName[]): ImageRecord {
    for (const { key } of names) this.#takeKey(key);
    const known = this.#images.get(image.id);
    const references = { ...known?.references };
    const namedAt = { ...known?.namedAt };
    for (const { key, sourceState } of names) {
      references[key] = sourceState;
      namedAt[key] = this.#now();
    }
    const record = { ...image, references, namedAt };
    this.#set(record);
    this.#save();
    return record;
  }

  /** Takes names from an image, which stays. */
  untag(id: Digest, keys: readonly string[]): void {
    for (const key of keys) if (this.#byKey.get(key)?.id === id) this.#takeKey(key);
    this.#save();
  }

  remove(id: Digest): void {
    const record = this.#images.get(id);
    for (const key of Object.keys(record?.references ?? {})) this.#byKey.delete(key);
    this.#images.delete(id);
    this.#save();
  }

  #takeKey(key: string): void {
    const owner = this.#byKey.get(key);
    this.#byKey.delete(key);
    if (owner === undefined) return;
    const { [key]: _taken, ...references } = owner.references;
    const { [key]: _time, ...namedAt } = owner.namedAt;
    this.#set({ ...owner, references, namedAt });
  }

  #set(record: ImageRecord): void {
    this.#images.set(record.id, record);
    for (const key of Object.keys(record.references)) this.#byKey.set(key, record);
  }

  #save(): void {
    writeAtomically(this.#path, JSON.stringify({ version: 1, images: this.list() }, null, 1));
    this.#onChange();
  }
}
