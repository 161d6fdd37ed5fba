/**
 * Moves: the new container is made on its node, with its images, before the old one is told to go, and started when that one is gone. It is stop-first
 * all the same: the two never run together. Pure.
 */
import type { ServiceObject, TaskObject } from '../../../model/objects.ts';
import { isTerminal, observedStateNumbers } from '../../../model/states.ts';
import { waitForTask } from '../../scheduler/predecessors.ts';
import type { ChangeSet } from '../../store/change-set.ts';
import type { ObjectLookup } from '../../store/object-index.ts';
import { imageChange } from '../../tasks/image-change.ts';
import { ownersOf, ownerServices } from '../../tasks/shared-tasks.ts';
import { outdatedForceCount } from '../../tasks/slots.ts';
import { wantStarted } from '../../tasks/task-intents.ts';
import { isLeaving, mayRun } from '../../tasks/task-phase.ts';

/** Whether the container is to be replaced only because it is to be elsewhere, and that one can be made while it runs. */
export function isCreatedFirst(old: TaskObject, service: ServiceObject, lookup: ObjectLookup): boolean {
  return old.forceCount === outdatedForceCount && canBeCreatedFirst(old, service, lookup);
}

/** Whether it moves as its service is updated: all of them with `update_config`, without it those that gain by it. */
export function isMovedByUpdate(task: TaskObject, service: ServiceObject, lookup: ObjectLookup): boolean {
  return service.spec.deploy.update !== null || canBeCreatedFirst(task, service, lookup);
}

/** Whether another one like it can be made while it runs, if it is to be elsewhere. */
function canBeCreatedFirst(old: TaskObject, service: ServiceObject, lookup: ObjectLookup): boolean {
  const isAsWanted = old.specHash === service.specHash && imageChange(lookup, old) === null;
  return isAsWanted && mayRun(old) && old.pinnedNode === null && !hasWhatOneCanHave(old) && !isShared(service, lookup);
}

/** Fixed addresses and named volumes need no word here: the new one finds no place then, and the old one goes first (`hasHeirReady`). */
function hasWhatOneCanHave(task: TaskObject): boolean {
  const { container, networks } = task.spec;
  const hasAnonymousVolume = container.mounts.some((mount) => mount.type === 'volume' && mount.volume === null);
  return hasAnonymousVolume || networks.some(({ macAddress }) => macAddress !== null) || ownersOf(task).length > 0;
}

/** Those that share its namespaces or volumes are to find the one that stays. */
function isShared({ stack, name }: ServiceObject, lookup: ObjectLookup): boolean {
  return lookup.ofStack('service', stack).some(({ spec }) => ownerServices(spec, stack, lookup).includes(name));
}

/**
 * Whether the old container may go: the new one is there, or the first one that was made for it has no place as long as the old one has one. One that
 * is tried again had a place, and waits for what is left of the last try.
 */
export function hasHeirReady({ nodeId, status: { state, message }, history, rollout }: TaskObject): boolean {
  if (nodeId === null) return message !== '' && history.at(-1)?.id === rollout?.replaces;
  return observedStateNumbers[state] >= observedStateNumbers.ready && !isTerminal(state);
}

/** Starts those whose predecessors are gone. Returns when the longest wait for one that says nothing is over (ms since the epoch); null = there is none. */
export function startCreated(changes: ChangeSet, tasks: readonly TaskObject[], now: string): number | null {
  const waits: number[] = [];
  for (const { id } of tasks) {
    const task = changes.get('task', id);
    if (task?.rollout?.order !== 'create-first' || !isOnlyCreated(task)) continue;
    const old = changes.get('task', task.rollout.replaces);
    const untilMs = old === undefined ? 0 : waitForTask(changes, old);
    if (untilMs <= Date.parse(now)) changes.put(wantStarted(task, true));
    else waits.push(untilMs);
  }
  const dueMs = Math.min(...waits);
  return Number.isFinite(dueMs) ? dueMs : null;
}

function isOnlyCreated(task: TaskObject): boolean {
  return task.desired === 'ready' && task.gate === null && !isLeaving(task);
}
