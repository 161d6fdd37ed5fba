/** `volume rm`, `network prune` and their like. Pure. */
import type { NetworkObject, PayloadObject, VolumeObject } from '../../model/objects.ts';
import type { RemoveObjectsRequest, RemoveObjectsResponse } from '../../rpc/messages.ts';
import { parseKind, type OwnKind } from '../api/schema/object-schema.ts';
import { ClaimedError, NotFoundError } from '../errors.ts';
import { remove } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { usersOf } from './object-users.ts';

type Removable = NetworkObject | VolumeObject | PayloadObject;

/** Removes what is named, or all that is unused; whatever is in use fails the whole request. */
export function removeObjects(view: StoreView, request: RemoveObjectsRequest): Transaction<RemoveObjectsResponse> {
  const kind = parseKind(request.kind);
  const doomed = request.unused ? findUnused(view, kind, request.all) : findNamed(view, kind, request);
  for (const object of doomed) checkUnused(view, object);
  return { changes: doomed.map(remove), result: { names: doomed.map(({ name }) => name) } };
}

/** Objects that only refer to others are no things of their own; what is on its way out goes by itself. */
function candidates(view: StoreView, kind: OwnKind): readonly Removable[] {
  return view
    .all(kind)
    .filter((object: Removable) => !object.spec.external && !(object.kind === 'volume' && object.removing));
}

function findUnused(view: StoreView, kind: OwnKind, all: boolean): readonly Removable[] {
  const isMeant = (object: Removable): boolean => all || object.kind !== 'volume' || isAnonymous(object);
  return candidates(view, kind).filter((object) => isMeant(object) && usersOf(view, object).length === 0);
}

/** The key of an anonymous volume is the path that it was made for, also when it has outlived its container. */
function isAnonymous({ anonymousOf, key }: VolumeObject): boolean {
  return anonymousOf !== null || key.startsWith('/');
}

function findNamed(view: StoreView, kind: OwnKind, request: RemoveObjectsRequest): readonly Removable[] {
  return request.names.flatMap((name) => {
    const found = candidates(view, kind).filter((object) => object.name === name);
    // Two stacks may have secrets of one name: those of nobody are meant first.
    const object = found.find(({ stack }) => stack === null) ?? found[0];
    if (object !== undefined) return [object];
    if (request.ignoreMissing) return [];
    throw new NotFoundError(`no such ${kind}: ${name}`, {
      hint: `see what there is with \`tsstack ${verbOf(kind)} ls\``,
    });
  });
}

/** `tsstack config` is about stack files. */
function verbOf(kind: OwnKind): string {
  return kind === 'config' ? 'config-object' : kind;
}

function checkUnused(view: StoreView, object: Removable): void {
  const users = usersOf(view, object);
  if (users.length === 0) return;
  const names = users.map(({ containerName }) => containerName).toSorted();
  throw new ClaimedError(`${object.kind} ${object.name} is in use by ${names.join(', ')}`, {
    hint: 'take the stacks of these containers down first',
  });
}
