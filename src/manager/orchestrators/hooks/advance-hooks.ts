/** Brings the pre_start hooks of one stack forward: their containers are made, and go when they have ended well. Pure. */
import { createHash } from 'node:crypto';
import type { TaskObject } from '../../../model/objects.ts';
import { observedStateNumbers } from '../../../model/states.ts';
import { newTask } from '../../tasks/new-task.ts';
import { wantRemoved, wantStarted } from '../../tasks/task-intents.ts';
import { hasEnded, isLeaving } from '../../tasks/task-phase.ts';
import { dependenciesObstacle } from '../dependencies/evaluate-gate.ts';
import { groupByService } from '../dependencies/settle-gates.ts';
import { hookService } from './hook-service.ts';
import { currentHook, isDoneElsewhere, leaderOf } from './hook-tasks.ts';

/** `tasks` are all tasks of one stack, `now` is in RFC 3339; returns those that change, and new ones. */
export function advanceHooks(tasks: readonly TaskObject[], now: string): readonly TaskObject[] {
  const work = new HookWork(tasks, now);
  // Lower numbers first: what they have done counts for the others in the same round.
  for (const { id } of tasks.filter(isWaiting).toSorted((a, b) => a.slot - b.slot)) work.advance(id);
  for (const { id } of tasks.filter(({ hookOf }) => hookOf !== null)) work.clear(id);
  return work.changed;
}

function isWaiting({ gate, preStart }: TaskObject): boolean {
  return gate?.next === 'running' && preStart !== null;
}

class HookWork {
  readonly #before: ReadonlyMap<string, TaskObject>;
  readonly #tasks: Map<string, TaskObject>;
  readonly #now: string;

  constructor(tasks: readonly TaskObject[], now: string) {
    this.#before = new Map(tasks.map((task) => [task.id, task]));
    this.#tasks = new Map(this.#before);
    this.#now = now;
  }

  get changed(): readonly TaskObject[] {
    return [...this.#tasks.values()].filter((task) => this.#before.get(task.id) !== task);
  }

  /** Goes from hook to hook until one has to be waited for. */
  advance(id: string): void {
    for (let task = this.#tasks.get(id); task !== undefined; task = this.#step(task));
  }

  /** Containers of hooks go with the container that waited for them, and when it waits no longer; failed ones stay to be looked at. */
  clear(id: string): void {
    const hook = this.#tasks.get(id);
    if (hook === undefined || hook.hookOf === null || isLeaving(hook)) return;
    const owner = this.#tasks.get(hook.hookOf.taskId);
    if (owner !== undefined && !isLeaving(owner) && (isWaiting(owner) || hasEnded(hook))) return;
    this.#remove(hook);
  }

  /** One step of one task; undefined when there is nothing to do for now. */
  #step(task: TaskObject): TaskObject | undefined {
    const { preStart } = task;
    if (preStart === null || !isMade(task) || dependenciesObstacle(task, groupByService(this.#all)) !== null) return;
    if (preStart.isNew) {
      this.#removeEarlier(task);
      return this.#put({ ...task, preStart: { ...preStart, isNew: false } });
    }
    const spec = task.spec.hooks.preStart[preStart.index];
    if (spec === undefined) return this.#finish(task);
    if (!spec.perReplica && isDoneElsewhere(task, preStart.index, this.#all)) return this.#next(task);
    if (!spec.perReplica && leaderOf(task, this.#all) !== task) return;
    const hook = currentHook(task, this.#all);
    if (hook === undefined) return void this.#put(this.#make(task, preStart.index));
    if (!hasEnded(hook) || hook.status.state !== 'complete') return;
    this.#remove(hook);
    return this.#next(task);
  }

  #next(task: TaskObject): TaskObject | undefined {
    const { preStart } = task;
    return preStart === null ? undefined : this.#put({ ...task, preStart: { ...preStart, index: preStart.index + 1 } });
  }

  /** The gate opens by itself, unless it would wait for dependencies that the start was to ignore. */
  #finish(task: TaskObject): TaskObject {
    const { gate, preStart } = task;
    if (gate === null || preStart?.ignoresDependencies !== true) return this.#put({ ...task, preStart: null });
    return this.#put({ ...task, desired: 'running', desiredRun: gate.run, gate: null, preStart: null });
  }

  #removeEarlier(task: TaskObject): void {
    for (const hook of this.#all.filter(({ hookOf }) => hookOf?.taskId === task.id)) this.#remove(hook);
  }

  #remove(hook: TaskObject): void {
    this.#put(wantRemoved(hook, { removeVolumes: false, stopGraceMs: null }));
  }

  #make(owner: TaskObject, index: number): TaskObject {
    const hook = owner.spec.hooks.preStart[index];
    if (hook === undefined) throw new TypeError(`${owner.service} has no pre_start[${index}]`);
    const task = newTask({
      // Follows from the state that it is made in, so that the same state gives the same plan; each attempt has another version.
      id: createHash('sha256').update(`${owner.id} ${owner.version} ${index}`).digest('hex'),
      now: this.#now,
      stack: owner.stack,
      service: { id: owner.serviceId, specHash: owner.specHash, forceCount: owner.forceCount },
      spec: hookService(owner.spec, hook),
      slot: owner.slot,
      containerName: `${owner.containerName}-pre-start-${index + 1}`,
      oneOff: { autoRemove: false, useAliases: false },
      hookOf: { taskId: owner.id, index },
      sharedTasks: owner.sharedTasks,
    });
    return wantStarted(task, false);
  }

  #put(task: TaskObject): TaskObject {
    this.#tasks.set(task.id, task);
    return task;
  }

  get #all(): readonly TaskObject[] {
    return [...this.#tasks.values()];
  }
}

/** A hook uses what belongs to the container, so that has to be there. */
function isMade({ status }: TaskObject): boolean {
  return observedStateNumbers[status.state] >= observedStateNumbers.ready;
}
