import type { TaskObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';
import { dependenciesOf } from '../tasks/dependencies-of.ts';
import { namespaceOwners } from '../tasks/shared-tasks.ts';
import { hasEnded, isEnding } from '../tasks/task-phase.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { StackStep } from './stack-step.ts';

/**
 * Running tasks that have to restart because of these steps: a dependency with `restart: true` is replaced, or a container whose
 * namespaces they share. The latter always follow, for what is left to them are namespaces that nobody else is in; also those of
 * other stacks.
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
  const renewed = new Map(
    steps.flatMap((step): [string, string][] =>
      step.type === 'replace-task' ? [[step.task.containerName, step.service]] : [],
    ),
  );
  return view
    .all('task')
    .filter((task) => !touched.has(task.id) && canFollow(task))
    .flatMap((task): StackStep[] => {
      const follows = task.stack === stack && !noDeps ? followedDependency(task, replaced) : undefined;
      const dependency = followedOwner(task, stack, owners, renewed) ?? follows;
      return dependency === undefined ? [] : [{ type: 'follow-task', task, dependency }];
    });
}

/** Whether the step makes another container the owner of the network that others share: the owner has the lowest number. */
export function isNewOwner(step: StackStep): step is Extract<StackStep, { type: 'replace-task' | 'create-task' }> {
  return step.type === 'replace-task' || (step.type === 'create-task' && step.slot === 1);
}

/** The service whose new containers, of those names, own namespaces of the task. */
function followedOwner(
  task: TaskObject,
  stack: string,
  services: ReadonlySet<string>,
  containers: ReadonlyMap<string, string>,
): string | undefined {
  const followed = namespaceOwners(task.spec).flatMap(([, owner]) => {
    if (owner.kind === 'container') return containers.get(owner.container) ?? [];
    return task.stack === stack && services.has(owner.service) ? [owner.service] : [];
  });
  return followed[0];
}

/** A task that does not run, or ends anyway, has nothing to restart. */
export function canFollow(task: TaskObject): boolean {
  return task.oneOff === null && task.desired === 'running' && !isEnding(task) && !hasEnded(task);
}

/** The first of the changed services that the task has to follow. */
export function followedDependency(task: TaskObject, changed: ReadonlySet<string>): string | undefined {
  return Object.entries(dependenciesOf(task.spec)).find(([name, { restart }]) => restart && changed.has(name))?.[0];
}
