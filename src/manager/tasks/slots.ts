import type { ServiceVersion, TaskObject } from '../../model/objects.ts';
import { isLeaving } from './task-phase.ts';

/** Tasks of one slot that count: with start-first there are two for a time. */
export interface Slot {
  readonly number: number;
  /** Made from the service as it is, the newest last. */
  readonly current: readonly TaskObject[];
  /** Made from an earlier one, the oldest first. */
  readonly outdated: readonly TaskObject[];
}

/** No service has that number: a task that has it is outdated. */
export const outdatedForceCount = -1;

/** True when the task is what the service asks for by now. */
export function isCurrent(
  task: Pick<TaskObject, 'specHash' | 'forceCount'>,
  service: Pick<ServiceVersion, 'specHash' | 'forceCount'>,
): boolean {
  return task.specHash === service.specHash && task.forceCount === service.forceCount;
}

/** The slots of a service in their order; one-offs and tasks that leave are in none. */
export function slotsOf(
  tasks: readonly TaskObject[],
  service: Pick<ServiceVersion, 'specHash' | 'forceCount'>,
): readonly Slot[] {
  const bySlot = new Map<number, TaskObject[]>();
  for (const task of tasks) {
    if (task.oneOff !== null || isLeaving(task)) continue;
    const own = bySlot.get(task.slot);
    if (own === undefined) bySlot.set(task.slot, [task]);
    else own.push(task);
  }
  return [...bySlot]
    .sort(([a], [b]) => a - b)
    .map(([number, own]) => {
      const inOrder = own.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
      const current = inOrder.filter((task) => isCurrent(task, service));
      return { number, current, outdated: inOrder.filter((task) => !isCurrent(task, service)) };
    });
}

/** The one task that stands for a slot: what is wanted of it, else what was there first. */
export function standsFor({ current, outdated }: Slot): TaskObject {
  const task = current.at(-1) ?? outdated[0];
  if (task === undefined) throw new TypeError('a slot without a task is none');
  return task;
}
