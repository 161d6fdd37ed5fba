import type { ModelObject, ObjectKind, TaskObject } from '../../model/objects.ts';
import { put, remove, type Change, type ObjectChange, type ObjectOf } from './change.ts';
import { serviceKeyOf } from './node-load.ts';
import { LookupIndex, nameOf, stackOf, type ObjectLookup } from './object-index.ts';

/** Writes that are being collected, together with the state as it will be after them. Several writes of one object become one. */
export class ChangeSet implements ObjectLookup {
  readonly #view: ObjectLookup;
  readonly #written = new Map<string, { readonly object: ModelObject; readonly content?: Buffer }>();
  readonly #deleted = new Map<string, ModelObject>();
  /** The written objects, found as quickly as the stored ones. Most sets are never asked, so it is made when one is. */
  readonly #index = new LookupIndex();
  #unindexed: ObjectChange[] = [];

  constructor(view: ObjectLookup) {
    this.#view = view;
  }

  /** The object as it will be. */
  get<Kind extends ObjectKind>(kind: Kind, id: string): ObjectOf<Kind> | undefined {
    if (this.#deleted.has(id)) return undefined;
    // Ids are unique over all kinds, so what is written under this one is of this kind.
    const written = this.#written.get(id)?.object as ObjectOf<Kind> | undefined;
    return written ?? this.#view.get(kind, id);
  }

  all<Kind extends ObjectKind>(kind: Kind): readonly ObjectOf<Kind>[] {
    return this.#merge(this.#view.all(kind), this.#lookup.all(kind), (object) => object.kind === kind);
  }

  ofStack<Kind extends ObjectKind>(kind: Kind, stack: string): readonly ObjectOf<Kind>[] {
    const written = this.#lookup.ofStack(kind, stack);
    return this.#merge(this.#view.ofStack(kind, stack), written, (object) => stackOf(object) === stack);
  }

  named<Kind extends ObjectKind>(kind: Kind, name: string): readonly ObjectOf<Kind>[] {
    const written = this.#lookup.named(kind, name);
    return this.#merge(this.#view.named(kind, name), written, (object) => nameOf(object) === name);
  }

  tasksOfService(stack: string, service: string): readonly TaskObject[] {
    const key = serviceKeyOf({ stack, service });
    const written = this.#lookup.tasksOfService(stack, service);
    return this.#merge(
      this.#view.tasksOfService(stack, service),
      written,
      (object) => object.kind === 'task' && serviceKeyOf(object) === key,
    );
  }

  get #lookup(): LookupIndex {
    if (this.#unindexed.length > 0) this.#index.apply(this.#unindexed);
    this.#unindexed = [];
    return this.#index;
  }

  /** The stored objects as they will be, without those that no longer match, and with those that newly do. */
  #merge<Kind extends ObjectKind>(
    stored: readonly ObjectOf<Kind>[],
    written: readonly ObjectOf<Kind>[],
    matches: (object: ModelObject) => boolean,
  ): readonly ObjectOf<Kind>[] {
    if (this.#written.size === 0 && this.#deleted.size === 0) return stored;
    if (stored.length === 0) return written;
    const known = new Set(stored.map(({ id }) => id));
    const kept = stored.flatMap(({ kind, id }) => this.get(kind, id) ?? []).filter(matches);
    const added = written.filter(({ id }) => !known.has(id));
    return [...kept, ...added] as unknown as readonly ObjectOf<Kind>[];
  }

  /** Writes the object; an unchanged one (the same reference as stored) is no write. */
  put(object: ModelObject, content?: Buffer): void {
    if (content === undefined && this.get(object.kind, object.id) === object) return;
    this.#unindexed.push({ before: this.#written.get(object.id)?.object ?? null, after: object });
    this.#written.set(object.id, content === undefined ? { object } : { object, content });
  }

  delete(object: ModelObject): void {
    const written = this.#written.get(object.id)?.object;
    if (written !== undefined) this.#unindexed.push({ before: written, after: null });
    this.#written.delete(object.id);
    if (object.version > 0) this.#deleted.set(object.id, object);
  }

  get changes(): readonly Change[] {
    const writes = [...this.#written.values()].map(({ object, content }) => put(object, content));
    return [...writes, ...[...this.#deleted.values()].map(remove)];
  }
}
