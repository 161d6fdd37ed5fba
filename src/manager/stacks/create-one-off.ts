/** `run`: one more container of a service, on its own terms. Pure but for the new id and name. */
import { newId, shortId } from '../../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import type { CreateOneOffRequest, CreateOneOffResponse } from '../../rpc/messages.ts';
import { ClaimedError, NotFoundError } from '../errors.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { dependenciesOf, withDependencies } from '../tasks/dependencies-of.ts';
import { newTask } from '../tasks/new-task.ts';
import { sharedTasksOf } from '../tasks/shared-tasks.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import { checkOneOffPorts } from './check-claims.ts';
import { defaultApplyOptions } from './apply-options.ts';
import { checkSharedContainers } from './check-shared-containers.ts';
import { executePlan } from './execute-plan.ts';
import { planStack } from './plan-stack.ts';

/** Brings the dependencies up and creates the container, which waits to be started. `spec` has its digests filled in. */
export function createOneOff(
  view: StoreView,
  spec: StackSpec,
  request: CreateOneOffRequest,
  now: string,
): Transaction<CreateOneOffResponse> {
  const service = serviceOf(spec, request);
  checkSharedContainers(
    view,
    { ...spec, services: { ...spec.services, [service.name]: service } },
    new Set([service.name]),
  );
  checkOneOffPorts(view, spec.name, service);
  const services = withDependencies(Object.keys(dependenciesOf(service)), spec.services);
  const options = { ...defaultApplyOptions, removeOrphans: request.removeOrphans };
  const plan = planStack(view, spec, options, { services, resourcesOf: new Set([service.name]) });
  const changes = new ChangeSet(view);
  executePlan(plan.steps, { changes, spec: plan.spec, options, now });
  const { id, containerName } = addTask(changes, spec, service, request, now);
  const dependencies = changes
    .ofStack('task', spec.name)
    .filter((task) => services.has(task.service) && !isLeaving(task));
  const dependencyTaskIds = dependencies.filter(({ oneOff }) => oneOff === null).map((task) => task.id);
  return { changes: changes.changes, result: { taskId: id, containerName, dependencyTaskIds } };
}

/** Without its dependencies (`--no-deps`), its start waits for nothing. */
function serviceOf(spec: StackSpec, request: CreateOneOffRequest): ServiceSpec {
  const service = spec.services[request.service];
  if (service === undefined) throw new NotFoundError(`no such service: ${request.service}`);
  return request.noDeps ? { ...service, dependsOn: {} } : service;
}

function addTask(
  changes: ChangeSet,
  spec: StackSpec,
  service: ServiceSpec,
  request: CreateOneOffRequest,
  now: string,
): { readonly id: string; readonly containerName: string } {
  const id = newId();
  const containerName = request.name === '' ? `${spec.name}-${service.name}-run-${shortId(id)}` : request.name;
  const owner = changes.named('task', containerName).find((task) => !isLeaving(task));
  if (owner !== undefined) {
    throw new ClaimedError(
      `container name ${containerName} is taken by service ${owner.service} of stack ${owner.stack}`,
      { hint: 'choose another --name' },
    );
  }
  const stored = changes.ofStack('service', spec.name).find(({ name }) => name === service.name);
  const task = newTask({
    id,
    now,
    stack: spec.name,
    service: stored ?? { id: '', specHash: '', forceCount: 0 },
    spec: service,
    slot: 1,
    containerName,
    hookOf: null,
    oneOff: { autoRemove: request.autoRemove, useAliases: request.useAliases },
    sharedTasks: sharedTasksOf(service, spec.name, changes),
  });
  changes.put(task);
  return { id, containerName };
}
