/** `service update` and `service scale`. Pure. */
import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import { isJob } from '../../model/deploy-spec.ts';
import { parseReference } from '../../model/image-reference.ts';
import type { ServiceChangeResponse, UpdateServiceRequest } from '../../rpc/messages.ts';
import { runJob } from '../orchestrators/schedule/schedule.ts';
import { defaultApplyOptions } from '../stacks/apply-options.ts';
import { checkReplicas } from '../stacks/check-replicas.ts';
import { checkClaims } from '../stacks/check-claims.ts';
import { executePlan } from '../stacks/execute-plan.ts';
import { planFollowers } from '../stacks/plan-followers.ts';
import { planServices } from '../stacks/plan-stack.ts';
import { toPlanSteps } from '../stacks/plan-steps.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { changeResponse, checkVersion } from './change-response.ts';
import { findService, storedStack } from './stored-stack.ts';

/** The same planning as that of `up`, from what is stored instead of a file. */
export function updateService(
  view: StoreView,
  request: UpdateServiceRequest,
  now: string,
): Transaction<ServiceChangeResponse> {
  const service = findService(view, request.stack, request.service);
  checkVersion(service, request.version);
  const changed = changedSpec(service.spec, request);
  const changes = new ChangeSet(view);
  if (request.force && isJob(changed)) {
    runJob(changes, { ...service, spec: changed, suspended: false }, now);
    return changeResponse(changes, service, []);
  }
  const stored = storedStack(view, request.stack);
  const spec: StackSpec = { ...stored, services: { ...stored.services, [service.name]: changed } };
  const selected = new Set([service.name]);
  checkClaims(view, spec, selected);
  const options = { ...defaultApplyOptions, services: [service.name], forceRecreate: request.force };
  const own = planServices(view, spec, options, selected, new Set());
  const steps = [...own, ...planFollowers(view, spec.name, own, options)];
  executePlan(steps, { changes, spec, options, now });
  const plan = { steps, spec, orphans: [], warnings: [], questions: [], selected };
  return changeResponse(changes, service, toPlanSteps(plan));
}

function changedSpec(spec: ServiceSpec, { image, replicas }: UpdateServiceRequest): ServiceSpec {
  if (replicas !== null) checkReplicas(spec, replicas);
  // A name that is none would be found out when the containers before are gone.
  if (image !== '') parseReference(image);
  return { ...spec, image: image === '' ? spec.image : image, replicas: replicas ?? spec.replicas };
}
