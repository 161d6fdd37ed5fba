import type { EndpointsObject } from '../../model/endpoints.ts';
import type { ModelObject } from '../../model/objects.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { WireObject } from '../../rpc/messages.ts';

type Sendable = ModelObject | EndpointsObject;

/** Texts that are kept: watchers see the same objects soon after each other, and 100,000 texts of tasks would be half a gigabyte. */
const maxKept = 2000;

let documents = new WeakMap<Sendable, string>();
let kept = 0;

/** The object as it is sent. Many watchers see the same object, so its text is made once. */
export function toWireObject(object: Sendable): WireObject {
  let document = documents.get(object);
  if (document === undefined) keep(object, (document = documentOf(object)));
  return { kind: object.kind, id: object.id, version: object.version, document };
}

/** The news that the object is no more. */
export function toDeletedWireObject({ kind, id, version }: Sendable): WireObject {
  return { kind, id, version, document: '' };
}

function keep(object: Sendable, document: string): void {
  if (++kept > maxKept) {
    documents = new WeakMap();
    kept = 1;
  }
  documents.set(object, document);
}

const specTexts = new WeakMap<ServiceSpec, string>();

/** Tasks share the specs of their services, whose texts are most of theirs. */
function documentOf(object: Sendable): string {
  if (object.kind !== 'task') return JSON.stringify(object);
  const { spec, ...rest } = object;
  let text = specTexts.get(spec);
  if (text === undefined) specTexts.set(spec, (text = JSON.stringify(spec)));
  return `${JSON.stringify(rest).slice(0, -1)},"spec":${text}}`;
}
