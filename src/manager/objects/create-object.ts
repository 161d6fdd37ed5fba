/** `volume create` and its like: objects that belong to no stack, for stack files to refer to. Pure but for the new id. */
import { newId } from '../../model/ids.ts';
import { canonicalJson } from '../../model/canonical-json.ts';
import type { PayloadObject } from '../../model/objects.ts';
import type { NetworkSpec, PayloadSpec, VolumeSpec } from '../../model/spec.ts';
import type { CreateObjectResponse } from '../../rpc/messages.ts';
import type { ObjectSpec } from '../api/schema/object-schema.ts';
import { ClaimedError, InvalidRequestError } from '../errors.ts';
import { checkSubnet } from '../stacks/check-addresses.ts';
import { findVolumeContent } from '../stacks/find-resources.ts';
import { newNetwork, newVolume, nobody } from '../stacks/new-resource.ts';
import { withoutContent } from '../stacks/plan-resources.ts';
import { put } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';

/** Most bytes of content: as much as a swarm takes, so that stacks can move (semantics.md, section 6). */
const maxContentBytes = { secret: 500 * 1024, config: 1000 * 1024 } as const;

/** Makes the object. `spec` has its digest filled in. */
export function createObject(
  view: StoreView,
  { kind, spec }: ObjectSpec,
  now: string,
): Transaction<CreateObjectResponse> {
  if (spec.external) throw new InvalidRequestError(`${kind} ${spec.name}: only stack files refer to external objects`);
  switch (kind) {
    case 'network':
      return createNetwork(view, spec, now);
    case 'volume':
      return createVolume(view, spec, now);
    case 'secret':
    case 'config':
      return createPayload(view, kind, spec, now);
  }
}

function createNetwork(view: StoreView, spec: NetworkSpec, now: string): Transaction<CreateObjectResponse> {
  const { name } = spec;
  if (view.named('network', name).some((other) => !other.spec.external)) throw taken('network', name, '');
  checkSubnet(view, '', '', spec);
  const network = newNetwork(spec, nobody, now);
  return { changes: [put(network)], result: { id: network.id, created: true } };
}

/** As elsewhere in this field, one that is there already and just like it is fine. */
function createVolume(view: StoreView, spec: VolumeSpec, now: string): Transaction<CreateObjectResponse> {
  const { name } = spec;
  const before = findVolumeContent(view, name);
  if (before !== undefined) {
    if (canonicalJson([before.spec]) !== canonicalJson([spec]))
      throw taken('volume', name, ', with another definition');
    return { changes: [], result: { id: before.id, created: false } };
  }
  const volume = newVolume(spec, nobody, now);
  return { changes: [put(volume)], result: { id: volume.id, created: true } };
}

function createPayload(
  view: StoreView,
  kind: 'secret' | 'config',
  spec: PayloadSpec,
  now: string,
): Transaction<CreateObjectResponse> {
  const { name } = spec;
  const content = Buffer.from(spec.content ?? '', 'base64');
  if (content.length === 0 || content.length >= maxContentBytes[kind]) {
    const most = maxContentBytes[kind] - 1;
    throw new InvalidRequestError(`${kind} ${name}: its content has ${content.length} bytes, not 1 to ${most}`);
  }
  if (view.named(kind, name).some((other) => !other.spec.external)) throw taken(kind, name, '');
  const common = { id: newId(), version: 0, createdAt: now, updatedAt: now, kind, ...nobody };
  const payload: PayloadObject = { ...common, name, spec: withoutContent(spec) };
  return { changes: [put(payload, content)], result: { id: payload.id, created: true } };
}

function taken(kind: string, name: string, difference: string): ClaimedError {
  return new ClaimedError(`${kind} ${name} exists already${difference}`, {
    hint: 'remove it first, or choose another name',
  });
}
