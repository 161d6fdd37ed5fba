/** Tasks of a service share its spec, in memory and in the file: a task's document has the digest of its spec in place of the spec. */
import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ModelObject, TaskObject } from '../../../model/objects.ts';
import type { ServiceSpec } from '../../../model/spec.ts';
import { StoreError } from '../errors.ts';

export class SharedSpecs {
  readonly #database: DatabaseSync;
  readonly #write: StatementSync;
  readonly #digests = new WeakMap<ServiceSpec, string>();
  readonly #stored = new Set<string>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#write = database.prepare('INSERT OR IGNORE INTO specs (digest, document) VALUES (?, ?)');
  }

  /** The object's document; writes the spec that it refers to, if that is not stored yet. */
  documentOf(object: ModelObject): string {
    return JSON.stringify(object.kind === 'task' ? { ...object, spec: this.#store(object.spec) } : object);
  }

  /** What was written in a transaction that is undone is not stored. */
  forget(): void {
    this.#stored.clear();
  }

  /** The objects of such documents. Specs that none of them refers to any more are deleted. */
  read(documents: readonly string[]): ModelObject[] {
    const rows = this.#database.prepare('SELECT digest, document FROM specs').all();
    const texts = new Map(rows.map((row) => [String(row['digest']), String(row['document'])]));
    const specs = new Map<string, ServiceSpec>();
    const objects = documents.map((document) => {
      const object = JSON.parse(document) as ModelObject | (Omit<TaskObject, 'spec'> & { readonly spec: string });
      return object.kind === 'task' && typeof object.spec === 'string'
        ? { ...object, spec: this.#find(object.spec, texts, specs) }
        : (object as ModelObject);
    });
    const unused = this.#database.prepare('DELETE FROM specs WHERE digest = ?');
    for (const digest of texts.keys()) if (!specs.has(digest)) unused.run(digest);
    return objects;
  }

  #find(digest: string, texts: ReadonlyMap<string, string>, specs: Map<string, ServiceSpec>): ServiceSpec {
    const known = specs.get(digest);
    if (known !== undefined) return known;
    const text = texts.get(digest);
    if (text === undefined) throw new StoreError(`a task refers to spec ${digest}, which is missing`);
    const spec = JSON.parse(text) as ServiceSpec;
    specs.set(digest, spec);
    this.#digests.set(spec, digest);
    this.#stored.add(digest);
    return spec;
  }

  #store(spec: ServiceSpec): string {
    const known = this.#digests.get(spec);
    if (known !== undefined && this.#stored.has(known)) return known;
    const text = JSON.stringify(spec);
    const digest = known ?? createHash('sha256').update(text).digest('hex');
    this.#write.run(digest, text);
    this.#digests.set(spec, digest);
    this.#stored.add(digest);
    return digest;
  }
}
