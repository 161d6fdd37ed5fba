import type { StackSpec } from '../../model/spec.ts';
import type { ApplyStackRequest, ApplyStackResponse } from '../../rpc/messages.ts';
import { executePlan } from '../stacks/execute-plan.ts';
import { planStack } from '../stacks/plan-stack.ts';
import { toPlanSteps } from '../stacks/plan-steps.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { ObjectLookup, StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { isLeaving } from '../tasks/task-phase.ts';

/** `up` and `plan` as one transaction. `spec` has its digests filled in. */
export function applyStack(
  view: StoreView,
  spec: StackSpec,
  request: ApplyStackRequest,
  now: string,
): Transaction<ApplyStackResponse> {
  const plan = planStack(view, spec, request);
  const changes = new ChangeSet(view);
  if (!request.dryRun) executePlan(plan.steps, { changes, spec: plan.spec, options: request, now });
  const { orphans, warnings, selected } = plan;
  const taskIds = concernedTasks(changes, spec.name, selected);
  return { changes: changes.changes, result: { steps: toPlanSteps(plan), taskIds, orphans, warnings } };
}

function concernedTasks(objects: ObjectLookup, stack: string, services: ReadonlySet<string>): readonly string[] {
  return objects
    .ofStack('task', stack)
    .filter((task) => services.has(task.service) && task.oneOff === null && !isLeaving(task))
    .map(({ id }) => id);
}
