import { createHash } from 'node:crypto';
import type { PastTask, RolloutStep, ServiceObject, TaskObject } from '../../model/objects.ts';
import type { ObjectLookup } from '../store/object-index.ts';
import { newTask } from './new-task.ts';
import { sharedTasksOf } from './shared-tasks.ts';
import { wantStarted } from './task-intents.ts';

export interface Succession {
  /** Whose slot it gets. */
  readonly task: TaskObject;
  /** What it is made from. */
  readonly service: ServiceObject;
  readonly containerName: string;
  readonly rollout: RolloutStep | null;
  /** The node that has its images ready. Default: none. */
  readonly preparedOn?: string | null;
  readonly history: readonly PastTask[];
  /** RFC 3339. */
  readonly now: string;
}

/**
 * A task for the slot of another one, from the service as it is; wanted to run when its dependencies are there. One that moves is only made at first,
 * and so is what follows that: it is started when the container that it replaces is gone.
 */
export function newSuccessor(lookup: ObjectLookup, { task, service, now, ...rest }: Succession): TaskObject {
  const { stack, slot, pinnedNode } = task;
  const { spec, specHash, forceCount } = service;
  // Follows from what it is for, so that the same state gives the same plan.
  const id = createHash('sha256').update([task.id, slot, specHash, forceCount, now].join()).digest('hex');
  const made = { id, now, stack, service, spec, slot, pinnedNode, oneOff: null, hookOf: null };
  const successor = newTask({ ...made, ...rest, sharedTasks: sharedTasksOf(spec, stack, lookup) });
  return isOnlyMade(task, rest.rollout) ? successor : wantStarted(successor, true);
}

function isOnlyMade({ id, desired, gate }: TaskObject, rollout: RolloutStep | null): boolean {
  if (rollout?.order !== 'create-first') return false;
  return rollout.replaces === id || (desired === 'ready' && gate === null);
}
