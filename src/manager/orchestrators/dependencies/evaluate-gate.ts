/** Whether the turn of a held-back task has come. Pure: looks only at the tasks of its stack. */
import type { TaskGate, TaskObject } from '../../../model/objects.ts';
import type { DependencySpec } from '../../../model/spec.ts';
import { dependenciesOf } from '../../tasks/dependencies-of.ts';
import type { Obstacle, TasksByService } from './obstacle.ts';
import { hooksObstacle } from '../hooks/hooks-obstacle.ts';
import { hasBegun, hasEnded, isEnding, isLeaving, mayRun, wasStarted } from '../../tasks/task-phase.ts';

/** What the task still has to wait for. */
export function evaluateGate(task: TaskObject, gate: TaskGate, tasks: TasksByService): Obstacle {
  return gate.next === 'running' ? startObstacle(task, tasks) : endObstacle(task, tasks);
}

function startObstacle(task: TaskObject, tasks: TasksByService): Obstacle {
  if (mayRun(task) && task.desired !== 'running')
    return { message: 'waits for its previous run to end', failed: false };
  return dependenciesObstacle(task, tasks) ?? hooksObstacle(task, tasks);
}

/** Of a start that waits for dependencies at all. */
export function dependenciesObstacle(task: TaskObject, tasks: TasksByService): Obstacle {
  if (task.preStart?.ignoresDependencies === true) return null;
  const obstacles = Object.entries(dependenciesOf(task.spec))
    .map(([service, dependency]) => dependencyObstacle(service, dependency, tasks))
    .filter((obstacle) => obstacle !== null);
  return obstacles.find(({ failed }) => failed) ?? obstacles[0] ?? null;
}

function dependencyObstacle(service: string, dependency: DependencySpec, tasks: TasksByService): Obstacle {
  // A dependency without tasks (scaled to zero, or left out by a profile) has nothing to wait for.
  const replicas = (tasks.get(service) ?? []).filter((task) => task.oneOff === null && !isLeaving(task));
  const obstacles = replicas
    .map((replica) => replicaObstacle(replica, dependency))
    .filter((obstacle) => obstacle !== null);
  const failure = obstacles.find(({ failed }) => failed);
  if (failure === undefined) return obstacles[0] ?? null;
  return dependency.required ? { ...failure, message: `dependency failed to start: ${failure.message}` } : null;
}

function replicaObstacle(replica: TaskObject, { condition }: DependencySpec): Obstacle {
  const problem = startProblem(replica);
  if (problem !== null) return { message: problem, failed: true };
  // What it did in an earlier run counts for nothing once a new one is wanted, though that one still waits for its own turn.
  if (replica.gate?.next === 'running') return wait(replica, condition);
  switch (condition) {
    case 'service_started':
      if (!hasBegun(replica) || !(wasStarted(replica) || hasEnded(replica))) return wait(replica, condition);
      return hookObstacle(replica);
    case 'service_healthy':
      return healthObstacle(replica);
    case 'service_completed_successfully':
      return completionObstacle(replica);
  }
}

/** Why the replica cannot start at all, if so. */
function startProblem(replica: TaskObject): string | null {
  if (replica.gate?.next === 'running')
    return replica.gate.failed ? `container ${replica.containerName} was not started` : null;
  if (!hasEnded(replica) || wasStarted(replica)) return null;
  if (replica.status.state === 'complete' || replica.status.state === 'shutdown') return null;
  return `container ${replica.containerName}: ${replica.status.error?.message ?? replica.status.message}`;
}

function healthObstacle(replica: TaskObject): Obstacle {
  const { containerName: name, status } = replica;
  if (hasEnded(replica)) return { message: `container ${name} exited (${exitCodeOf(replica)})`, failed: true };
  if (!hasBegun(replica) || status.state !== 'running') return wait(replica, 'service_healthy');
  switch (status.container?.health?.state) {
    case 'healthy':
      return hookObstacle(replica);
    case 'unhealthy':
      return { message: `container ${name} is unhealthy`, failed: true };
    case 'starting':
      return wait(replica, 'service_healthy');
    case undefined:
      return { message: `container ${name} has no healthcheck configured`, failed: true };
  }
}

/** A start is complete when the hooks that follow it are. */
function hookObstacle({ containerName, status }: TaskObject): Obstacle {
  const hook = status.container?.hook;
  if (hook?.event !== 'post_start' || hook.state === 'done') return null;
  if (hook.state === 'failed') return { message: `container ${containerName}: ${hook.message}`, failed: true };
  return { message: `waits for the post_start hooks of ${containerName}`, failed: false };
}

function completionObstacle(replica: TaskObject): Obstacle {
  if (!hasEnded(replica)) return wait(replica, 'service_completed_successfully');
  const code = exitCodeOf(replica);
  if (code === 0) return null;
  return { message: `service "${replica.service}" didn't complete successfully: exit ${code}`, failed: true };
}

function exitCodeOf(task: TaskObject): number {
  return task.status.container?.exitCode ?? (task.status.state === 'complete' ? 0 : 1);
}

function wait(replica: TaskObject, condition: DependencySpec['condition']): Obstacle {
  return { message: `waits for ${replica.containerName} ${untilWords[condition]}`, failed: false };
}

const untilWords: Readonly<Record<DependencySpec['condition'], string>> = {
  service_started: 'to start',
  service_healthy: 'to be healthy',
  service_completed_successfully: 'to complete',
};

/** Of the dependants, only those that are to end as well are waited for, be it for ever or to start again afterwards. */
function endObstacle(task: TaskObject, tasks: TasksByService): Obstacle {
  if (task.oneOff !== null) return null;
  const dependant = dependantsOf(tasks, task.service).find(
    (other) => other.id !== task.id && isToEnd(other) && mayRun(other),
  );
  return dependant === undefined ? null : { message: `waits for ${dependant.containerName} to end`, failed: false };
}

const dependants = new WeakMap<TasksByService, ReadonlyMap<string, readonly TaskObject[]>>();

/** Tasks whose services depend on that one. Found out once for all tasks that ask, since there may be very many. */
function dependantsOf(tasks: TasksByService, service: string): readonly TaskObject[] {
  let found = dependants.get(tasks);
  if (found === undefined) dependants.set(tasks, (found = indexDependants(tasks)));
  return found.get(service) ?? [];
}

function indexDependants(tasks: TasksByService): ReadonlyMap<string, readonly TaskObject[]> {
  const index = new Map<string, TaskObject[]>();
  for (const task of [...tasks.values()].flat()) {
    for (const service of Object.keys(dependenciesOf(task.spec))) {
      const own = index.get(service);
      if (own === undefined) index.set(service, [task]);
      else own.push(task);
    }
  }
  return index;
}

function isToEnd(task: TaskObject): boolean {
  return isEnding(task) || task.desired === 'stopped';
}
