import type { TaskObject } from '../../../model/objects.ts';
import type { Obstacle, TasksByService } from '../dependencies/obstacle.ts';
import { currentHook, hookFailure, leaderOf } from './hook-tasks.ts';

/** What pre_start hooks have to do with a start that nothing else holds back. Pure. */
export function hooksObstacle(task: TaskObject, tasks: TasksByService): Obstacle {
  if (task.preStart === null) return null;
  const own = tasks.get(task.service) ?? [];
  const { perReplica = false } = task.spec.hooks.preStart[task.preStart.index] ?? {};
  const runner = perReplica ? task : leaderOf(task, own);
  const hook = runner.preStart?.isNew === true ? undefined : currentHook(runner, own);
  const failure = hook === undefined ? null : hookFailure(hook);
  if (failure !== null) return { message: failure, failed: true };
  return { message: `waits for pre_start[${task.preStart.index}]`, failed: false };
}
