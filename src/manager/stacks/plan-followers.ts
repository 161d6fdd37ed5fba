import type { TaskObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';
import { dependenciesOf } from '../tasks/dependencies-of.ts';
import { hasEnded, isEnding } from '../tasks/task-phase.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { StackStep } from './stack-step.ts';

/**
 * Running tasks that have to restart because of these steps: a dependency with `restart: true` is replaced, or the container whose
 * network they share. The latter always follow, for what is left to them is a network that nobody else is in.
 */
export function planFollowers(
  view: StoreView,
  stack: string,
  steps: readonly StackStep[],
  { noDeps }: Pick<ApplyOptions, 'noDeps'>,
): readonly StackStep[] {
  const replaced = new Set(steps.flatMap((step) => (step.type === 'replace-task' ? [step.service] : [])));
  const owners = new Set(steps.flatMap((step) => (isNewOwner(step) ? [step.service] : [])));
  const touched = new Set(steps.flatMap((step) => ('task' in step ? [step.task.id] : [])));
  return view
    .ofStack('task', stack)
    .filter((task) => !touched.has(task.id) && canFollow(task))
    .flatMap((task): StackStep[] => {
      const dependency = followedOwner(task, owners) ?? (noDeps ? undefined : followedDependency(task, replaced));
      return dependency === undefined ? [] : [{ type: 'follow-task', task, dependency }];
    });
}

/** Whether the step makes another container the owner of the network that others share: the owner has the lowest number. */
export function isNewOwner(step: StackStep): step is Extract<StackStep, { type: 'replace-task' | 'create-task' }> {
  return step.type === 'replace-task' || (step.type === 'create-task' && step.slot === 1);
}

function followedOwner({ spec }: TaskObject, owners: ReadonlySet<string>): string | undefined {
  const { networkMode } = spec;
  return networkMode.kind === 'service' && owners.has(networkMode.service) ? networkMode.service : undefined;
}

/** A task that does not run, or ends anyway, has nothing to restart. */
export function canFollow(task: TaskObject): boolean {
  return task.oneOff === null && task.desired === 'running' && !isEnding(task) && !hasEnded(task);
}

/** The first of the changed services that the task has to follow. */
export function followedDependency(task: TaskObject, changed: ReadonlySet<string>): string | undefined {
  return Object.entries(dependenciesOf(task.spec)).find(([name, { restart }]) => restart && changed.has(name))?.[0];
}
