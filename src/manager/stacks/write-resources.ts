/** Executors of the steps about the stack itself and its networks, volumes, secrets and configs. */
import { newId } from '../../model/ids.ts';
import type { PayloadObject, StackObject, VolumeObject } from '../../model/objects.ts';
import type { Execution } from './execute-plan.ts';
import { newNetwork, newVolume } from './new-resource.ts';
import { withoutContent } from './plan-resources.ts';

export function writeStack({ changes, spec, now }: Execution): void {
  const before = changes.ofStack('stack', spec.name)[0];
  const stack: StackObject = {
    ...(before ?? { id: newId(), version: 0, createdAt: now, updatedAt: now, kind: 'stack', name: spec.name }),
    workingDir: spec.workingDir,
    files: spec.files,
    disabledServices: spec.disabledServices,
    providers: { ...before?.providers, ...spec.providers },
    removing: false,
    removeVolumes: false,
  };
  changes.put(stack);
}

/** A network of somebody else is only referred to by an object that is marked external. */
export function writeNetwork(key: string, owner: 'own' | 'foreign', { changes, spec, now }: Execution): void {
  const wanted = spec.networks[key];
  if (wanted === undefined) throw new TypeError(`the plan creates network ${key}, which the stack has not`);
  const own = owner === 'own' ? wanted : { ...wanted, external: true };
  changes.put(newNetwork(own, { stack: spec.name, key }, now));
}

/** A volume whose content belongs to somebody else is only referred to: its object is marked external, so that its end deletes nothing. */
export function writeVolume(key: string, owner: 'own' | 'foreign', { changes, spec, now }: Execution): void {
  const wanted = spec.volumes[key];
  if (wanted === undefined) throw new TypeError(`the plan creates volume ${key}, which the stack has not`);
  const own = owner === 'own' ? wanted : { ...wanted, external: true };
  changes.put(newVolume(own, { stack: spec.name, key }, now));
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

/** A secret or config of somebody else is only referred to. What the stack had under that key before goes with its content. */
export function referPayload(
  kind: 'secret' | 'config',
  key: string,
  before: PayloadObject | null,
  { changes, spec, now }: Execution,
): void {
  const wanted = (kind === 'secret' ? spec.secrets : spec.configs)[key];
  if (wanted === undefined) throw new TypeError(`the plan refers to ${kind} ${key}, which the stack has not`);
  if (before !== null) changes.delete(before);
  const common = { id: newId(), version: 0, createdAt: now, updatedAt: now, kind, stack: spec.name, key };
  changes.put({ ...common, name: wanted.name, spec: { ...withoutContent(wanted), external: true } });
}
