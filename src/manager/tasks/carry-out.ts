import type { ServiceObject, TaskObject } from '../../model/objects.ts';
import { newId } from '../../model/ids.ts';
import type { ServiceStep } from '../orchestrators/replicated/plan-service.ts';
import type { ChangeSet } from '../store/change-set.ts';
import { containerNameOf } from './container-name.ts';
import { newSuccessor } from './new-successor.ts';
import { newTask } from './new-task.ts';
import { sharedTasksOf } from './shared-tasks.ts';
import { historyAfter } from './task-history.ts';
import { wantRemoved, wantStarted } from './task-intents.ts';

/** What a loop does of the plan of a service; it neither starts nor keeps anything by itself. */
export function carryOut(changes: ChangeSet, service: ServiceObject, steps: readonly ServiceStep[], now: string): void {
  for (const step of steps) {
    if (step.type === 'create') changes.put(createTask(changes, service, step, now));
    if (step.type === 'replace' || step.type === 'remove') changes.put(removed(step.task));
    if (step.type === 'replace') changes.put(replacementOf(changes, service, step.task, now));
  }
}

function createTask(
  changes: ChangeSet,
  service: ServiceObject,
  { slot, node }: Extract<ServiceStep, { type: 'create' }>,
  now: string,
): TaskObject {
  const { stack, spec } = service;
  const containerName = containerNameOf(stack, spec, slot);
  const made = { id: newId(), now, stack, service, spec, slot, pinnedNode: node, containerName };
  const task = newTask({ ...made, oneOff: null, hookOf: null, sharedTasks: sharedTasksOf(spec, stack, changes) });
  return wantStarted(task, true);
}

function replacementOf(changes: ChangeSet, service: ServiceObject, task: TaskObject, now: string): TaskObject {
  const containerName = containerNameOf(service.stack, service.spec, task.slot);
  const history = historyAfter(task, now, 'followed by the next run', 0);
  return newSuccessor(changes, { task, service, containerName, rollout: null, history, now });
}

function removed(task: TaskObject): TaskObject {
  return wantRemoved(task, { removeVolumes: false, stopGraceMs: null });
}
