import type { ModelObject } from '../../model/objects.ts';
import type { ObjectChange } from './change.ts';

/** What an object is found by: a category, and a value in it. */
export type BucketKey = readonly [category: string, value: string];
export type BucketKeys = readonly BucketKey[];

type Bucket = Map<string, ModelObject>;

/** Objects by id, in buckets by whatever they are to be found by. */
export class ObjectBuckets {
  readonly #keysOf: (object: ModelObject) => BucketKeys;
  readonly #categories = new Map<string, Map<string, Bucket>>();

  constructor(keysOf: (object: ModelObject) => BucketKeys) {
    this.#keysOf = keysOf;
  }

  find(category: string, value: string): ReadonlyMap<string, ModelObject> | undefined {
    return this.#categories.get(category)?.get(value);
  }

  /** All buckets of a category. */
  values(category: string): Iterable<ReadonlyMap<string, ModelObject>> {
    return this.#categories.get(category)?.values() ?? [];
  }

  apply({ before, after }: ObjectChange): void {
    const keys = after === null ? [] : this.#keysOf(after);
    // An object that stays under a key keeps its place there, so that listings keep their order.
    if (before !== null) for (const key of this.#keysOf(before)) if (!has(keys, key)) this.#drop(key, before.id);
    if (after !== null) for (const key of keys) this.#bucket(key).set(after.id, after);
  }

  #bucket([category, value]: BucketKey): Bucket {
    let buckets = this.#categories.get(category);
    if (buckets === undefined) this.#categories.set(category, (buckets = new Map()));
    let bucket = buckets.get(value);
    if (bucket === undefined) buckets.set(value, (bucket = new Map()));
    return bucket;
  }

  #drop([category, value]: BucketKey, id: string): void {
    const buckets = this.#categories.get(category);
    const bucket = buckets?.get(value);
    bucket?.delete(id);
    if (bucket?.size === 0) buckets?.delete(value);
  }
}

function has(keys: BucketKeys, [category, value]: BucketKey): boolean {
  return keys.some((key) => key[0] === category && key[1] === value);
}
