/** Which tasks of one service are created, replaced, started, removed or kept. Pure: same tasks and wishes, same plan. */
import type { TaskObject } from '../../../model/objects.ts';
import { slotsOf, standsFor, type Slot } from '../../tasks/slots.ts';
import { hasEnded, isEnding } from '../../tasks/task-phase.ts';
import { chooseSurplus } from './choose-surplus.ts';

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
  /** True when the name that the container was made from means another image by now (tasks/image-change.ts). */
  readonly hasImageMoved: (task: TaskObject) => boolean;
  /** Of a global service: the nodes that are to have one; null = replicas, wherever. */
  readonly nodes: readonly string[] | null;
  /** Of a job: how many may run at once; null = all. */
  readonly maxConcurrent: number | null;
  /** Replacements are left to `update_config`. */
  readonly isRolled: boolean;
}

export type ServiceStep =
  /** `node`: the one that it is for, in a global service. */
  | { readonly type: 'create'; readonly slot: number; readonly node: string | null }
  | { readonly type: 'replace'; readonly task: TaskObject }
  | { readonly type: 'start'; readonly task: TaskObject }
  | { readonly type: 'remove'; readonly task: TaskObject }
  | { readonly type: 'keep'; readonly task: TaskObject };

/** `tasks` are all tasks of the service; one-offs and those that leave count for nothing. */
export function planService(tasks: readonly TaskObject[], wish: ServiceWish): readonly ServiceStep[] {
  const slots = slotsOf(tasks, wish);
  if (wish.nodes !== null) return planNodes(slots, wish.nodes, wish);
  if (wish.isJob) return planJob(slots, wish);
  const surplus = chooseSurplus(slots, wish.replicas, (slot) => isDiverged(standsFor(slot), wish));
  const steps = slots.flatMap((slot) => (surplus.has(slot) ? removeAll(slot) : settleSlot(slot, wish)));
  let highest = Math.max(0, ...slots.map(({ number }) => number));
  const added: ServiceStep[] = [];
  for (let count = slots.length; count < wish.replicas; count++) added.push(create(++highest, null));
  return [...steps, ...added];
}

/** One on each of these nodes. */
function planNodes(slots: readonly Slot[], nodes: readonly string[], wish: ServiceWish): readonly ServiceStep[] {
  const taken = new Set<string>();
  const steps = slots.flatMap((slot) => {
    const { pinnedNode, nodeId } = standsFor(slot);
    const node = pinnedNode ?? nodeId;
    if (node === null || !nodes.includes(node) || taken.has(node)) return removeAll(slot);
    taken.add(node);
    return settleSlot(slot, wish);
  });
  const numbers = freeNumbers(slots);
  const missing = nodes.filter((node) => !taken.has(node));
  return [...steps, ...missing.map((node) => create(numbers.next().value, node))];
}

/** So many at once as may run; the rest follows when they have ended (orchestrators/job). A changed job begins anew. */
function planJob(slots: readonly Slot[], wish: ServiceWish): readonly ServiceStep[] {
  const running = slots.filter(({ current }) => current.some((task) => !hasEnded(task))).length;
  let room = Math.max(0, (wish.maxConcurrent ?? wish.replicas) - running);
  const steps = slots.flatMap((slot, index): readonly ServiceStep[] => {
    if (index >= wish.replicas) return removeAll(slot);
    if (!wouldReplace(slot, wish)) return settleSlot(slot, wish);
    return room-- > 0 ? settleSlot(slot, wish) : removeAll(slot);
  });
  const numbers = freeNumbers(slots);
  const missing = Math.max(0, Math.min(room, wish.replicas - slots.length));
  return [...steps, ...Array.from({ length: missing }, () => create(numbers.next().value, null))];
}

/** The lowest numbers that no slot has. */
export function* freeNumbers(slots: readonly Pick<Slot, 'number'>[]): Generator<number, never> {
  const taken = new Set(slots.map(({ number }) => number));
  for (let number = 1; ; number++) if (!taken.has(number)) yield number;
}

function create(slot: number, node: string | null): ServiceStep {
  return { type: 'create', slot, node };
}

function removeAll({ current, outdated }: Slot): readonly ServiceStep[] {
  return [...current, ...outdated].map((task) => ({ type: 'remove', task }));
}

function wouldReplace(slot: Slot, wish: ServiceWish): boolean {
  return wish.recreate !== 'never' && isDiverged(standsFor(slot), wish);
}

/** Where an update had made a second container, all but the one that counts go, unless the update is to deal with them. */
function settleSlot(slot: Slot, wish: ServiceWish): readonly ServiceStep[] {
  const task = standsFor(slot);
  const others = wish.isRolled ? [] : [...slot.current, ...slot.outdated].filter((other) => other !== task);
  return [settle(task, wish), ...others.map((other): ServiceStep => ({ type: 'remove', task: other }))];
}

function settle(task: TaskObject, wish: ServiceWish): ServiceStep {
  if (wish.recreate !== 'never' && isDiverged(task, wish)) return { type: 'replace', task };
  return wish.start && needsStart(task, wish) ? { type: 'start', task } : { type: 'keep', task };
}

function isDiverged(task: TaskObject, wish: ServiceWish): boolean {
  const isOld = task.specHash !== wish.specHash || task.forceCount !== wish.forceCount;
  return isOld || wish.isNamespaceReplaced || wish.isVolumeReplaced || wish.hasImageMoved(task);
}

/** Stopped, about to be stopped, ended by itself, or created without a wish to run. */
function needsStart(task: TaskObject, { isJob }: ServiceWish): boolean {
  if (isJob && hasEnded(task) && task.status.state === 'complete') return false;
  // What failed before the start can go well the next time.
  if (task.gate?.next === 'running') return task.gate.failed && task.preStart !== null;
  return isEnding(task) || hasEnded(task) || task.desired === 'ready';
}
