import type { RolloutStep, ServiceObject, TaskObject, UpdateStatus } from '../../../model/objects.ts';
import type { ChangeSet } from '../../store/change-set.ts';
import { containerNameOf, nextContainerName } from '../../tasks/container-name.ts';
import { newSuccessor } from '../../tasks/new-successor.ts';
import type { Slot } from '../../tasks/slots.ts';
import { isUp } from '../../tasks/task-fate.ts';
import { historyAfter } from '../../tasks/task-history.ts';
import { wantRemoved } from '../../tasks/task-intents.ts';
import { isLeaving, mayRun } from '../../tasks/task-phase.ts';
import { whyMisplaced } from '../constraint-enforcer/misplaced-tasks.ts';
import { isCreatedFirst } from './create-first.ts';
import { askToPrepare, preparationOf } from './prepare-slot.ts';

/** The replacement of the outdated containers of one slot. */
export interface SlotReplacement {
  readonly service: ServiceObject;
  readonly slot: Slot;
  readonly update: UpdateStatus;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * Makes the new container of a slot; the old one goes at once, or, with start-first, when the new one serves, or, where it only moves, when the new one
 * has been made. With stop-first its node has the images ready before: until then nothing changes.
 */
export function replaceSlot(changes: ChangeSet, { service, slot, update, now }: SlotReplacement): void {
  const old = slot.outdated.find(isUp) ?? slot.outdated[0];
  if (old === undefined) return;
  const order = orderOf(changes, old, service, update);
  if (order === 'stop-first' && preparationOf(old, update) === null) {
    const asked = askToPrepare(old, service, update, now);
    if (asked !== null) return changes.put(asked);
  }
  const nameOf = order === 'stop-first' ? containerNameOf : nextContainerName;
  const containerName = nameOf(service.stack, service.spec, slot.number);
  const stays = order === 'stop-first' ? null : old;
  for (const task of slot.outdated) if (task !== stays) changes.put(removed(task));
  // The old one still has the name of a newcomer; it gets the slot's when that is free, and the slot is looked at again.
  if (order !== 'stop-first' && changes.named('task', containerName).some((task) => !isLeaving(task))) return;
  const rollout: RolloutStep = { update: update.startedAt, replaces: old.id, order, upSince: null };
  const reason = order === 'create-first' ? whyMoved(changes, old) : 'replaced by an update';
  const history = historyAfter(old, now, reason, 0);
  const preparedOn = preparationOf(old, update)?.state === 'ready' ? old.nodeId : null;
  changes.put(newSuccessor(changes, { task: old, service, containerName, rollout, preparedOn, history, now }));
}

function orderOf(
  changes: ChangeSet,
  old: TaskObject,
  service: ServiceObject,
  { config }: UpdateStatus,
): RolloutStep['order'] {
  // Of a container that does not run there is nothing to keep up.
  if (config.order === 'start-first') return mayRun(old) ? 'start-first' : 'stop-first';
  return isCreatedFirst(old, service, changes) ? 'create-first' : 'stop-first';
}

function removed(task: TaskObject): TaskObject {
  return wantRemoved(task, { removeVolumes: false, stopGraceMs: null });
}

function whyMoved(changes: ChangeSet, old: TaskObject): string {
  const node = old.nodeId === null ? undefined : changes.get('node', old.nodeId);
  return (node === undefined ? null : whyMisplaced(changes, old, node)) ?? 'moved to another node';
}
