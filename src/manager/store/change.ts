/** What a transaction is made of. */
import type { ModelObject, ObjectKind, PayloadObject } from '../../model/objects.ts';

/** The object type of a kind. */
export type ObjectOf<Kind extends ObjectKind> = Kind extends 'secret' | 'config'
  ? PayloadObject
  : Extract<ModelObject, { kind: Kind }>;

/**
 * One intended write. `put` carries the version that the new state was derived from (0 for a new object): if the stored one has moved on, the
 * whole transaction is a conflict. Contents of secrets and configs travel beside their documents and are sealed at rest.
 */
export type Change =
  | { readonly type: 'put'; readonly object: ModelObject; readonly content?: Buffer }
  | { readonly type: 'delete'; readonly object: ModelObject };

/** One write that became visible. `before` is null for a new object, `after` for a deleted one. */
export interface ObjectChange {
  readonly before: ModelObject | null;
  readonly after: ModelObject | null;
}

/** Writes the object, new or changed. */
export function put(object: ModelObject, content?: Buffer): Change {
  return content === undefined ? { type: 'put', object } : { type: 'put', object, content };
}

/** Deletes the object. */
export function remove(object: ModelObject): Change {
  return { type: 'delete', object };
}

/** The kind and id that a change is about. */
export function subjectOf(change: ObjectChange): ModelObject {
  const object = change.after ?? change.before;
  if (object === null) throw new TypeError('a change has neither a state before nor after');
  return object;
}
