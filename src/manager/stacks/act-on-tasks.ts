/** start, stop, restart and remove of containers that exist. Pure. */
import { isGlobal, isJob } from '../../model/deploy-spec.ts';
import type { TaskObject } from '../../model/objects.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { ActOnTasksRequest, ActOnTasksResponse } from '../../rpc/messages.ts';
import { InvalidRequestError, NotFoundError } from '../errors.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { inDependencyOrder, withDependencies } from '../tasks/dependencies-of.ts';
import { wantFollowed, wantRemoved, wantRestarted, wantStarted, wantStopped } from '../tasks/task-intents.ts';
import { hasEnded, isEnding, isLeaving, mayRun } from '../tasks/task-phase.ts';
import { openGates } from './execute-plan.ts';
import { canFollow, followedDependency } from './plan-followers.ts';

/** Stores the intent for the tasks that the request means; those that are as wanted already are left alone. */
export function actOnTasks(view: StoreView, request: ActOnTasksRequest): Transaction<ActOnTasksResponse> {
  const tasks = selectTasks(view, request);
  const changed = changeTasks(view, tasks, request);
  const changes = new ChangeSet(view);
  for (const task of changed) changes.put(task);
  noteIntent(changes, request);
  openGates(changes, request.stack);
  return { changes: changes.changes, result: { taskIds: changed.map(({ id }) => id) } };
}

/** What is asked to end by hand is brought back by a command alone: not by a node that joins, a schedule, or the next in the line of a job. */
function noteIntent(changes: ChangeSet, { stack, services, action, taskIds }: ActOnTasksRequest): void {
  // Single containers are not their service.
  if (taskIds.length > 0 || action === 'restart') return;
  const suspended = action !== 'start';
  for (const service of changes.ofStack('service', stack)) {
    const isMeant = services.length === 0 || services.includes(service.name);
    const comesBack = isGlobal(service.spec) || isJob(service.spec);
    if (isMeant && comesBack && service.suspended !== suspended) changes.put({ ...service, suspended });
  }
}

function changeTasks(view: StoreView, tasks: readonly TaskObject[], request: ActOnTasksRequest): readonly TaskObject[] {
  const ordered = inOrder(view, tasks, request.stack);
  switch (request.action) {
    case 'start':
      return ordered.filter(isToStart).map((task) => (needsStart(task) ? wantStarted(task, !request.noDeps) : task));
    case 'stop':
      return ordered
        .toReversed()
        .filter(canStop)
        .map((task) => wantStopped(task, request.stopGraceMs));
    case 'restart':
      return restart(view, ordered, request);
    case 'remove':
      return ordered
        .toReversed()
        .filter((task) => request.stopFirst || !mayRun(task))
        .map((task) => wantRemoved(task, { removeVolumes: request.volumes, stopGraceMs: request.stopGraceMs }));
    default:
      throw new InvalidRequestError(`act on tasks: ${request.action} is no action`);
  }
}

/** Also what waits for its turn already, perhaps in vain: the caller follows it. */
function isToStart(task: TaskObject): boolean {
  return needsStart(task) || (task.gate?.next === 'running' && !isLeaving(task));
}

function needsStart(task: TaskObject): boolean {
  if (task.gate?.next === 'running') return task.gate.failed && task.preStart !== null;
  return isEnding(task) || hasEnded(task) || task.desired === 'ready';
}

/** A second stop with another grace changes the first. What has no node yet is not to begin when it gets one. */
function canStop(task: TaskObject): boolean {
  const isAwaited = task.desired === 'running' && !hasEnded(task);
  return mayRun(task) || isAwaited || task.gate?.next === 'running' || task.desired === 'ready';
}

function restart(view: StoreView, tasks: readonly TaskObject[], request: ActOnTasksRequest): readonly TaskObject[] {
  const restarted = tasks.map((task) => wantRestarted(task, request.stopGraceMs));
  if (request.noDeps) return restarted;
  const ids = new Set(tasks.map(({ id }) => id));
  const services = new Set(tasks.map(({ service }) => service));
  const followers = view
    .ofStack('task', request.stack)
    .filter((task) => !ids.has(task.id) && canFollow(task) && followedDependency(task, services) !== undefined);
  return [...restarted, ...followers.map((task) => wantFollowed(task, request.stopGraceMs))];
}

function selectTasks(view: StoreView, request: ActOnTasksRequest): readonly TaskObject[] {
  if (request.taskIds.length > 0) return request.taskIds.map((id) => findTask(view, request.stack, id));
  const tasks = view.ofStack('task', request.stack).filter((task) => task.oneOff === null && !isLeaving(task));
  checkServices(view, tasks, request);
  if (request.services.length === 0) return tasks;
  const isStart = request.action === 'start' && !request.noDeps;
  const names = isStart ? withDependencies(request.services, specsOf(tasks)) : new Set(request.services);
  return tasks.filter(({ service }) => names.has(service));
}

function findTask(view: StoreView, stack: string, id: string): TaskObject {
  const task = view.get('task', id);
  if (task === undefined || task.stack !== stack) throw new NotFoundError(`no such container: ${id}`);
  return task;
}

/** A service is known when it is stored or has containers; a start needs containers, since it makes none. */
function checkServices(view: StoreView, tasks: readonly TaskObject[], request: ActOnTasksRequest): void {
  const known = new Set(view.ofStack('service', request.stack).map(({ name }) => name));
  const withContainers = new Set(tasks.map(({ service }) => service));
  for (const name of request.services) {
    if (withContainers.has(name)) continue;
    if (!known.has(name)) throw new NotFoundError(`no such service: ${name}`);
    if (request.action === 'start') throw new NotFoundError(`service "${name}" has no container to start`);
  }
}

function specsOf(tasks: readonly TaskObject[]): Readonly<Record<string, ServiceSpec>> {
  return Object.fromEntries(tasks.map(({ service, spec }) => [service, spec]));
}

/** Dependencies before their dependants. */
function inOrder(view: StoreView, tasks: readonly TaskObject[], stack: string): readonly TaskObject[] {
  const order = inDependencyOrder(specsOf(view.ofStack('task', stack)));
  const rank = new Map(order.map((service, index) => [service, index]));
  return [...tasks].sort((a, b) => (rank.get(a.service) ?? 0) - (rank.get(b.service) ?? 0) || a.slot - b.slot);
}
