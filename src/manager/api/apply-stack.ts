import type { ServiceObject } from '../../model/objects.ts';
import type { StackSpec } from '../../model/spec.ts';
import type { ApplyStackRequest, ApplyStackResponse } from '../../rpc/messages.ts';
import { noteRoutes, type HostRoutes } from '../nodes/note-routes.ts';
import { executePlan } from '../stacks/execute-plan.ts';
import { keptSteps } from '../stacks/kept-steps.ts';
import { planStack } from '../stacks/plan-stack.ts';
import { toPlanSteps, toVolumeStep } from '../stacks/plan-steps.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { ObjectLookup, StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { InvalidRequestError } from '../errors.ts';
import type { ApplyOptions } from '../stacks/apply-options.ts';
import type { ReplaceVolume } from '../stacks/stack-step.ts';
import { isUnderWay } from '../orchestrators/update/update-status.ts';
import { isCurrent } from '../tasks/slots.ts';
import { isLeaving } from '../tasks/task-phase.ts';

/** What is known only at the moment of the call. */
export interface ApplyCircumstances {
  /** Left out where nobody knows more than agents have told. */
  readonly host?: HostRoutes;
  readonly now: string;
}

/** `up` and `plan` as one transaction. `spec` has its digests filled in. */
export function applyStack(
  view: StoreView,
  spec: StackSpec,
  request: ApplyStackRequest,
  { host, now }: ApplyCircumstances,
): Transaction<ApplyStackResponse> {
  const plan = planStack(view, spec, readOptions(request));
  if (plan.questions.length > 0) return { changes: [], result: askAbout(plan.questions) };
  const changes = new ChangeSet(view);
  if (!request.dryRun) {
    executePlan(plan.steps, { changes, spec: plan.spec, options: request, now });
    if (host !== undefined) noteRoutes(changes, host);
  }
  const { orphans, warnings, selected } = plan;
  const taskIds = concernedTasks(changes, spec.name, selected);
  const updating = updatingServices(changes, spec.name, selected).map(({ name }) => name);
  const planned = toPlanSteps(plan);
  // Who asks for a plan wants to see all of the stack; who applies it follows what is done.
  const steps = request.dryRun ? [...planned, ...keptSteps(view, plan, planned)] : planned;
  return { changes: changes.changes, result: { ...nothing, steps, taskIds, orphans, warnings, updating } };
}

const nothing: ApplyStackResponse = {
  steps: [],
  taskIds: [],
  orphans: [],
  warnings: [],
  volumeQuestions: [],
  updating: [],
};

function askAbout(questions: readonly ReplaceVolume[]): ApplyStackResponse {
  return { ...nothing, volumeQuestions: questions.map(toVolumeStep) };
}

/** A plan asks nobody: it says what would happen without an answer. */
function readOptions(request: ApplyStackRequest): ApplyOptions {
  const { changedVolumes, dryRun } = request;
  if (!['', 'keep', 'ask', 'recreate'].includes(changedVolumes)) {
    throw new InvalidRequestError(`apply stack: ${changedVolumes} is nothing that can become of changed volumes`);
  }
  return dryRun && changedVolumes === 'ask' ? { ...request, changedVolumes: 'keep' } : request;
}

/** Selected services whose containers are being replaced slot by slot. */
export function updatingServices(
  objects: ObjectLookup,
  stack: string,
  services: ReadonlySet<string>,
): readonly ServiceObject[] {
  return objects.ofStack('service', stack).filter(({ name, update }) => services.has(name) && isUnderWay(update));
}

/** Containers that have to be up. Those that an update has made, or will replace, come and go by its own rules. */
export function concernedTasks(objects: ObjectLookup, stack: string, services: ReadonlySet<string>): readonly string[] {
  const updating = new Map(updatingServices(objects, stack, services).map((service) => [service.name, service]));
  return objects
    .ofStack('task', stack)
    .filter((task) => services.has(task.service) && task.oneOff === null && !isLeaving(task))
    .filter((task) => {
      const service = updating.get(task.service);
      return service === undefined || (isCurrent(task, service) && task.rollout?.update !== service.update?.startedAt);
    })
    .map(({ id }) => id);
}
