import type { ServiceObject, TaskObject } from '../../model/objects.ts';
import type { ChangeSet } from '../store/change-set.ts';
import { newSuccessor } from './new-successor.ts';
import type { ObjectLookup } from '../store/object-index.ts';
import { ownersOf } from './shared-tasks.ts';
import { historyAfter } from './task-history.ts';
import { isLeaving } from './task-phase.ts';

export interface Move {
  /** For people. */
  readonly reasonOf: (task: TaskObject) => string;
  /** RFC 3339. */
  readonly now: string;
  /** Tells the old one to go. */
  readonly leave: (task: TaskObject) => TaskObject;
}

/** Replaces tasks by new ones in their slots, which may be anywhere. Tasks of services that are no more go without a successor. */
export function moveTasks(changes: ChangeSet, tasks: readonly TaskObject[], { reasonOf, now, leave }: Move): void {
  const replaced = new ReplacedTasks(changes);
  // Who shares a container's namespaces is to find the new one.
  for (const task of ownersFirst(tasks)) {
    const service = changes.get('service', task.serviceId);
    const isReplaced = service === undefined || replaced.of(service).has(task.id);
    changes.put(leave(task));
    if (isReplaced) continue;
    const { containerName, rollout } = task;
    const history = historyAfter(task, now, reasonOf(task), 0);
    const successor = newSuccessor(changes, { task, service, containerName, rollout, history, now });
    const isCreatedOnly = task.desired === 'ready' && task.gate === null;
    changes.put(isCreatedOnly ? { ...successor, desired: 'ready', gate: null, preStart: null } : successor);
  }
}

/** Tasks for which another one is in their slot already, to take their place. */
class ReplacedTasks {
  readonly #lookup: ObjectLookup;
  readonly #byService = new Map<string, ReadonlySet<string>>();

  constructor(lookup: ObjectLookup) {
    this.#lookup = lookup;
  }

  /** Ids of those of the service. They are looked for once: a service may have many tasks, and many of them may move. */
  of(service: ServiceObject): ReadonlySet<string> {
    let found = this.#byService.get(service.id);
    if (found === undefined) this.#byService.set(service.id, (found = this.#find(service)));
    return found;
  }

  #find({ stack, name, update }: ServiceObject): ReadonlySet<string> {
    // Only an update makes them.
    const tasks = update === null ? [] : this.#lookup.tasksOfService(stack, name);
    return new Set(tasks.flatMap((task) => (isLeaving(task) ? [] : (task.rollout?.replaces ?? []))));
  }
}

function ownersFirst(tasks: readonly TaskObject[]): readonly TaskObject[] {
  const depths = new Map<TaskObject, number>();
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const depthOf = (task: TaskObject): number => {
    const known = depths.get(task);
    if (known !== undefined) return known;
    // A cycle of sharing cannot get past the stack file's check; the mark ends it all the same.
    depths.set(task, 0);
    const owners = ownersOf(task).flatMap((id) => byId.get(id) ?? []);
    const depth = Math.max(0, ...owners.map((owner) => depthOf(owner) + 1));
    depths.set(task, depth);
    return depth;
  };
  return tasks.toSorted((a, b) => depthOf(a) - depthOf(b));
}
