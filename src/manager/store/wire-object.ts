import type { EndpointsObject } from '../../model/endpoints.ts';
import type { ModelObject } from '../../model/objects.ts';
import type { WireObject } from '../../rpc/messages.ts';

const documents = new WeakMap<ModelObject | EndpointsObject, string>();

/** The object as it is sent. Many watchers see the same object, so its text is made once. */
export function toWireObject(object: ModelObject | EndpointsObject): WireObject {
  let document = documents.get(object);
  if (document === undefined) documents.set(object, (document = JSON.stringify(object)));
  return { kind: object.kind, id: object.id, version: object.version, document };
}

/** The news that the object is no more. */
export function toDeletedWireObject({ kind, id, version }: ModelObject | EndpointsObject): WireObject {
  return { kind, id, version, document: '' };
}
