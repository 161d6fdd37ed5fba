import type { TaskObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';
import { dependenciesOf } from '../tasks/dependencies-of.ts';
import { hasEnded, isEnding } from '../tasks/task-phase.ts';
import type { StackStep } from './stack-step.ts';

/** Running tasks that have to restart because a dependency with `restart: true` is replaced by these steps. */
export function planFollowers(view: StoreView, stack: string, steps: readonly StackStep[]): readonly StackStep[] {
  const replaced = new Set(steps.flatMap((step) => (step.type === 'replace-task' ? [step.service] : [])));
  const touched = new Set(steps.flatMap((step) => ('task' in step ? [step.task.id] : [])));
  return view
    .ofStack('task', stack)
    .filter((task) => !touched.has(task.id) && canFollow(task))
    .flatMap((task): StackStep[] => {
      const dependency = followedDependency(task, replaced);
      return dependency === undefined ? [] : [{ type: 'follow-task', task, dependency }];
    });
}

/** A task that does not run, or ends anyway, has nothing to restart. */
export function canFollow(task: TaskObject): boolean {
  return task.oneOff === null && task.desired === 'running' && !isEnding(task) && !hasEnded(task);
}

/** The first of the changed services that the task has to follow. */
export function followedDependency(task: TaskObject, changed: ReadonlySet<string>): string | undefined {
  return Object.entries(dependenciesOf(task.spec)).find(([name, { restart }]) => restart && changed.has(name))?.[0];
}
