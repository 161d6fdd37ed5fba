import { newId } from '../../model/ids.ts';
import type { NetworkObject, VolumeObject } from '../../model/objects.ts';
import type { NetworkSpec, VolumeSpec } from '../../model/spec.ts';
import { bridgeNameOf } from '../tasks/bridge-name.ts';

/** Who a new object belongs to: a stack, under the key of its file, or nobody. */
export interface Owner {
  readonly stack: string | null;
  readonly key: string;
}

/** Owner of what was made by itself, for stack files to refer to. */
export const nobody: Owner = { stack: null, key: '' };

/** A network that has no subnet yet. */
export function newNetwork(spec: NetworkSpec, { stack, key }: Owner, now: string): NetworkObject {
  const id = newId();
  return {
    id,
    version: 0,
    createdAt: now,
    updatedAt: now,
    kind: 'network',
    stack,
    key,
    name: spec.name,
    spec,
    pools: [],
    bridge: bridgeNameOf(id, spec),
    vni: null,
    nodeAddresses: {},
    virtualAddresses: {},
  };
}

/** A volume that nobody has used yet. */
export function newVolume(spec: VolumeSpec, { stack, key }: Owner, now: string): VolumeObject {
  return {
    id: newId(),
    version: 0,
    createdAt: now,
    updatedAt: now,
    kind: 'volume',
    stack,
    key,
    name: spec.name,
    spec,
    anonymousOf: null,
    nodeId: '',
    removing: false,
  };
}
