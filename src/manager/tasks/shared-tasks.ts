/** Whose namespaces and volumes a task shares: containers of services of its stack, or any container by its name. */
import type { SharedTasks, TaskObject } from '../../model/objects.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { ObjectLookup } from '../store/object-index.ts';
import { isLeaving } from './task-phase.ts';

export type SharedKind = Exclude<keyof SharedTasks, 'volumes'>;

/** Whoever is shared, by a service of the stack or by a container's name. */
export type NamespaceOwner =
  { readonly kind: 'service'; readonly service: string } | { readonly kind: 'container'; readonly container: string };

/** The attributes that share each namespace. */
export const sharingAttributes: Readonly<Record<SharedKind, string>> = {
  network: 'network_mode',
  pid: 'pid',
  ipc: 'ipc',
};

/** The owners of the namespaces that containers of a service share. */
export function namespaceOwners(spec: ServiceSpec): readonly (readonly [SharedKind, NamespaceOwner])[] {
  const modes = { network: spec.networkMode, pid: spec.namespaces.pid, ipc: spec.namespaces.ipc };
  return (['network', 'pid', 'ipc'] as const).flatMap((kind) => {
    const mode = modes[kind];
    return mode.kind === 'service' || mode.kind === 'container' ? [[kind, mode] as const] : [];
  });
}

/** The tasks whose namespaces and volumes a task of that service shares, as of now. */
export function sharedTasksOf(spec: ServiceSpec, stack: string, lookup: ObjectLookup): SharedTasks {
  const idOf = (owner: NamespaceOwner): string | null => ownerTask(owner, stack, lookup)?.id ?? null;
  const found = namespaceOwners(spec).map(([kind, owner]) => [kind, idOf(owner)]);
  const volumes = spec.volumesFrom.map(idOf);
  return { network: null, pid: null, ipc: null, volumes, ...(Object.fromEntries(found) as Partial<SharedTasks>) };
}

/** Of a service it is the container with the lowest number. */
function ownerTask(owner: NamespaceOwner, stack: string, lookup: ObjectLookup): TaskObject | undefined {
  if (owner.kind === 'container') return lookup.named('task', owner.container).find((task) => !isLeaving(task));
  return lookup
    .tasksOfService(stack, owner.service)
    .filter((task) => task.oneOff === null && !isLeaving(task))
    .sort((a, b) => a.slot - b.slot)[0];
}

/** Tasks whose namespaces or volumes this one shares. */
export function ownersOf({ sharedTasks: { network, pid, ipc, volumes } }: TaskObject): readonly string[] {
  return [...new Set([network, pid, ipc, ...volumes].filter((id) => id !== null))];
}

/** Services of the stack whose containers a service shares namespaces or volumes with, also where it names those containers. */
export function ownerServices(spec: ServiceSpec, stack: string, lookup: ObjectLookup): readonly string[] {
  const owners = [...namespaceOwners(spec).map(([, owner]) => owner), ...spec.volumesFrom];
  return owners.flatMap((owner) => {
    if (owner.kind === 'service') return [owner.service];
    const task = ownerTask(owner, stack, lookup);
    return task?.stack === stack ? [task.service] : [];
  });
}
