/** Executors of the steps about the stack itself and its networks, volumes, secrets and configs. */
import { newId } from '../../model/ids.ts';
import type { NetworkObject, PayloadObject, StackObject, VolumeObject } from '../../model/objects.ts';
import type { Execution } from './execute-plan.ts';
import { withoutContent } from './plan-resources.ts';

export function writeStack({ changes, spec, now }: Execution): void {
  const before = changes.ofStack('stack', spec.name)[0];
  const stack: StackObject = {
    ...(before ?? { id: newId(), version: 0, createdAt: now, updatedAt: now, kind: 'stack', name: spec.name }),
    workingDir: spec.workingDir,
    files: spec.files,
    disabledServices: spec.disabledServices,
    removing: false,
    removeVolumes: false,
  };
  changes.put(stack);
}

/** A network of somebody else is only referred to by an object that is marked external. */
export function writeNetwork(key: string, owner: 'own' | 'foreign', { changes, spec, now }: Execution): void {
  const wanted = spec.networks[key];
  if (wanted === undefined) throw new TypeError(`the plan creates network ${key}, which the stack has not`);
  const id = newId();
  const network: NetworkObject = {
    id,
    version: 0,
    createdAt: now,
    updatedAt: now,
    kind: 'network',
    stack: spec.name,
    key,
    name: wanted.name,
    spec: owner === 'own' ? wanted : { ...wanted, external: true },
    subnet: '',
    gateway: '',
    // Names of links have at most 15 bytes (IFNAMSIZ).
    bridge: `ts-${id.slice(0, 10)}`,
  };
  changes.put(network);
}

/** A volume whose content belongs to somebody else is only referred to: its object is marked external, so that its end deletes nothing. */
export function writeVolume(key: string, owner: 'own' | 'foreign', { changes, spec, now }: Execution): void {
  const wanted = spec.volumes[key];
  if (wanted === undefined) throw new TypeError(`the plan creates volume ${key}, which the stack has not`);
  const volume: VolumeObject = {
    id: newId(),
    version: 0,
    createdAt: now,
    updatedAt: now,
    kind: 'volume',
    stack: spec.name,
    key,
    name: wanted.name,
    spec: owner === 'own' ? wanted : { ...wanted, external: true },
    anonymousOf: null,
    nodeId: '',
    removing: false,
  };
  changes.put(volume);
}

/** The old one stays until the containers that use it are gone, so that none of them loses its files under its hands. */
export function replaceVolume(key: string, before: VolumeObject, on: Execution): void {
  on.changes.put({ ...before, removing: true });
  writeVolume(key, 'own', on);
}

export function writePayload(
  kind: 'secret' | 'config',
  key: string,
  before: PayloadObject | null,
  { changes, spec, now }: Execution,
): void {
  const wanted = (kind === 'secret' ? spec.secrets : spec.configs)[key];
  if (wanted?.content == null) throw new TypeError(`the plan writes ${kind} ${key}, which has no content`);
  const payload: PayloadObject = {
    ...(before ?? { id: newId(), version: 0, createdAt: now, updatedAt: now, kind, stack: spec.name, key }),
    name: wanted.name,
    spec: withoutContent(wanted),
  };
  changes.put(payload, Buffer.from(wanted.content, 'base64'));
}
