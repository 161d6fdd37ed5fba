/** Which tasks of one service are created, replaced, started, removed or kept. Pure: same tasks and wishes, same plan. */
import type { TaskObject } from '../../../model/objects.ts';
import { imageChange } from '../../tasks/image-change.ts';
import { hasEnded, isEnding, isLeaving } from '../../tasks/task-phase.ts';

/** What the service should be, and how hard to insist. */
export interface ServiceWish {
  readonly replicas: number;
  readonly specHash: string;
  readonly forceCount: number;
  /** `never` keeps diverged containers (`--no-recreate`); forcing is done by the force count. */
  readonly recreate: 'diverged' | 'never';
  /** True when what has completed is not to run again. */
  readonly isJob: boolean;
  /** False: what is created or stopped stays so (`--no-start`). */
  readonly start: boolean;
  /** True when the owner of the shared network namespace is replaced: a container cannot move to another namespace. */
  readonly isNamespaceReplaced: boolean;
  /** True when a volume that it mounts is made anew: the content goes after the last container that uses it. */
  readonly isVolumeReplaced: boolean;
}

export type ServiceStep =
  | { readonly type: 'create'; readonly slot: number }
  | { readonly type: 'replace'; readonly task: TaskObject }
  | { readonly type: 'start'; readonly task: TaskObject }
  | { readonly type: 'remove'; readonly task: TaskObject }
  | { readonly type: 'keep'; readonly task: TaskObject };

/** `tasks` are all tasks of the service; one-offs and those that leave count for nothing. */
export function planService(tasks: readonly TaskObject[], wish: ServiceWish): readonly ServiceStep[] {
  const current = tasks.filter((task) => task.oneOff === null && !isLeaving(task)).sort((a, b) => a.slot - b.slot);
  const surplus = chooseSurplus(current, wish);
  const steps: ServiceStep[] = current.map((task) =>
    surplus.has(task) ? { type: 'remove', task } : settle(task, wish),
  );
  let highest = Math.max(0, ...current.map((task) => task.slot));
  for (let count = current.length; count < wish.replicas; count++) steps.push({ type: 'create', slot: ++highest });
  return steps;
}

/** Diverged ones go first, then those with the highest numbers. */
function chooseSurplus(current: readonly TaskObject[], wish: ServiceWish): ReadonlySet<TaskObject> {
  const excess = Math.max(0, current.length - wish.replicas);
  const order = [...current].sort(
    (a, b) => Number(isDiverged(b, wish)) - Number(isDiverged(a, wish)) || b.slot - a.slot,
  );
  return new Set(order.slice(0, excess));
}

function settle(task: TaskObject, wish: ServiceWish): ServiceStep {
  if (wish.recreate !== 'never' && isDiverged(task, wish)) return { type: 'replace', task };
  return wish.start && needsStart(task, wish) ? { type: 'start', task } : { type: 'keep', task };
}

function isDiverged(task: TaskObject, wish: ServiceWish): boolean {
  const isOld = task.specHash !== wish.specHash || task.forceCount !== wish.forceCount;
  return isOld || wish.isNamespaceReplaced || wish.isVolumeReplaced || imageChange(task) !== null;
}

/** Stopped, about to be stopped, ended by itself, or created without a wish to run. */
function needsStart(task: TaskObject, { isJob }: ServiceWish): boolean {
  if (isJob && hasEnded(task) && task.status.state === 'complete') return false;
  // What failed before the start can go well the next time.
  if (task.gate?.next === 'running') return task.gate.failed && task.preStart !== null;
  return isEnding(task) || hasEnded(task) || task.desired === 'ready';
}
