import type { PlanStep } from '../../rpc/messages.ts';
import type { StoreView } from '../store/object-index.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import { usedKeys } from './find-resources.ts';
import type { StackPlan } from './stack-step.ts';

/** What the plan leaves as it is, of all that the stack has and the chosen services use. `steps` are those of the plan. */
export function keptSteps(view: StoreView, plan: StackPlan, steps: readonly PlanStep[]): readonly PlanStep[] {
  const { name, services } = plan.spec;
  const touched = new Set(steps.map((step) => `${step.kind} ${step.name}`));
  const used = usedKeys(Object.values(services).filter((service) => plan.selected.has(service.name)));
  const resources = (['network', 'volume', 'secret', 'config'] as const).flatMap((kind) =>
    view
      .ofStack(kind, name)
      .filter(({ key }) => used[`${kind}s`].has(key))
      .map((object) => keep(kind, object.name, '')),
  );
  const containers = view
    .ofStack('task', name)
    .filter((task) => plan.selected.has(task.service) && task.oneOff === null && !isLeaving(task))
    .map((task) => keep('container', task.containerName, task.service));
  return [...resources, ...containers].filter((step) => !touched.has(`${step.kind} ${step.name}`));
}

function keep(kind: string, name: string, service: string): PlanStep {
  return { action: 'keep', kind, name, service, reasons: [] };
}
