/** Turns the steps of a plan into changes of one transaction. */
import { canonicalJson } from '../../model/canonical-json.ts';
import { newId } from '../../model/ids.ts';
import { defaultUpdate } from '../../model/deploy-spec.ts';
import type { ServiceObject, TaskObject, UpdateStatus } from '../../model/objects.ts';
import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import { beginUpdate } from '../orchestrators/update/update-status.ts';
import { isCurrent, slotsOf, outdatedForceCount } from '../tasks/slots.ts';
import { historyAfter } from '../tasks/task-history.ts';
import { isUp } from '../tasks/task-fate.ts';
import { settleGates } from '../orchestrators/dependencies/settle-gates.ts';
import type { ChangeSet } from '../store/change-set.ts';
import { containerNameOf } from '../tasks/container-name.ts';
import { newTask } from '../tasks/new-task.ts';
import { wantFollowed, wantRemoved, wantStarted } from '../tasks/task-intents.ts';
import { namespaceOwners, sharedTasksOf } from '../tasks/shared-tasks.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { StackStep } from './stack-step.ts';
import { previousVersion } from './previous-version.ts';
import { referPayload, replaceVolume, writeNetwork, writePayload, writeStack, writeVolume } from './write-resources.ts';

/** What the executors work on. */
export interface Execution {
  readonly changes: ChangeSet;
  readonly spec: StackSpec;
  readonly options: ApplyOptions;
  /** RFC 3339. */
  readonly now: string;
}

type Executors = {
  readonly [Type in StackStep['type']]: (step: Extract<StackStep, { type: Type }>, on: Execution) => void;
};

const executors: Executors = {
  'write-stack': (_step, on) => writeStack(on),
  'create-network': ({ key, owner }, on) => writeNetwork(key, owner, on),
  'update-network': ({ before, spec }, { changes }) => changes.put({ ...before, spec }),
  'create-volume': ({ key, owner }, on) => writeVolume(key, owner, on),
  'replace-volume': ({ key, before }, on) => replaceVolume(key, before, on),
  'write-payload': ({ kind, key, before }, on) => writePayload(kind, key, before, on),
  'refer-payload': ({ kind, key, before }, on) => referPayload(kind, key, before, on),
  'write-service': writeService,
  'remove-service': ({ service }, { changes }) => changes.delete(service),
  'create-task': (step, on) => createTask(step.service, step, on),
  'replace-task': replaceTask,
  'roll-task': rollTask,
  'begin-update': ({ service }, on) => startUpdate(service, on),
  'start-task': ({ task }, { changes, options }) => changes.put(wantStarted(latest(task, changes), !options.noDeps)),
  'follow-task': ({ task }, { changes, options }) =>
    changes.put(wantFollowed(latest(task, changes), options.stopGraceMs)),
  'remove-task': ({ task }, { changes, options }) =>
    changes.put(wantRemoved(task, { removeVolumes: false, stopGraceMs: options.stopGraceMs })),
};

/** Executes the steps in their order; gates that need not be waited for are open in the same transaction. */
export function executePlan(steps: readonly StackStep[], on: Execution): void {
  for (const step of steps) execute(step, on);
  renewSharedTasks(on.changes);
  openGates(on.changes, on.spec.name);
}

/** Settles the gates of the stack's tasks among the collected changes. */
export function openGates(changes: ChangeSet, stack: string): void {
  for (const task of settleGates(changes.ofStack('task', stack))) changes.put(task);
}

/** The step's type picks the executor of that type, which the compiler cannot follow through the table. */
function execute(step: StackStep, on: Execution): void {
  const executor = executors[step.type] as (step: StackStep, on: Execution) => void;
  executor(step, on);
}

type WriteService = Extract<StackStep, { type: 'write-service' }>;

function writeService(step: WriteService, { changes, spec, now }: Execution): void {
  const tasks = changes.tasksOfService(spec.name, step.service);
  const wanted = { spec: specOf(spec, step.service), specHash: step.specHash, forceCount: step.forceCount };
  const service: ServiceObject = {
    ...(step.before ?? newService(spec.name, now)),
    name: step.service,
    ...wanted,
    previous: previousVersion(step.before, wanted, tasks),
    update: updateAfter({ ...step, spec: wanted.spec }),
    suspended: false,
    scheduledUntil: scheduledUntil(step.before, wanted.spec, now),
  };
  changes.put(service);
  for (const task of tasks) {
    // What needs no new container (depends_on, say) is taken over by those that stay.
    const isMatching = task.oneOff === null && !isLeaving(task);
    const isUpToDate = task.specHash === step.specHash && task.forceCount === step.forceCount;
    if (isMatching && isUpToDate) changes.put({ ...task, spec: service.spec });
  }
}

/** An update that is under way goes on as the file says now; one of other containers is over with them. */
function updateAfter({
  before,
  specHash,
  forceCount,
  spec,
}: WriteService & { readonly spec: ServiceSpec }): UpdateStatus | null {
  const update = before?.update ?? null;
  const config = spec.deploy.update;
  if (before === null || update === null || config === null) return null;
  const goesOn = update.state === 'updating' && isCurrent(before, { specHash, forceCount });
  return goesOn ? { ...update, config } : update;
}

/** A schedule counts from when it was first wanted. */
function scheduledUntil(before: ServiceObject | null, { deploy }: ServiceSpec, now: string): string | null {
  if (deploy.schedule === null) return null;
  const isSame = canonicalJson([before?.spec.deploy.schedule]) === canonicalJson([deploy.schedule]);
  return isSame && before?.suspended === false ? before.scheduledUntil : now;
}

function newService(stack: string, now: string): Omit<ServiceObject, 'name' | 'spec' | 'specHash' | 'forceCount'> {
  const common = { id: newId(), version: 0, createdAt: now, updatedAt: now, kind: 'service' } as const;
  return { ...common, stack, previous: null, update: null, suspended: false, scheduledUntil: null };
}

/** The task as it is after earlier steps of the same plan. */
function latest(task: TaskObject, changes: ChangeSet): TaskObject {
  return changes.get('task', task.id) ?? task;
}

function createTask(
  name: string,
  { slot, node }: Pick<Extract<StackStep, { type: 'create-task' }>, 'slot' | 'node'>,
  on: Execution,
  history: TaskObject['history'] = [],
): void {
  const { changes, spec, options, now } = on;
  const service = serviceOf(name, on);
  const serviceSpec = specOf(spec, name);
  const task = newTask({
    id: newId(),
    now,
    stack: spec.name,
    service,
    spec: serviceSpec,
    slot,
    pinnedNode: node,
    history,
    containerName: containerNameOf(spec.name, serviceSpec, slot),
    oneOff: null,
    hookOf: null,
    sharedTasks: sharedTasksOf(serviceSpec, spec.name, changes),
  });
  changes.put(options.noStart ? task : wantStarted(task, !options.noDeps));
}

function replaceTask({ task, service }: Extract<StackStep, { type: 'replace-task' }>, on: Execution): void {
  const { renewAnonymousVolumes: removeVolumes, stopGraceMs } = on.options;
  on.changes.put(wantRemoved(task, { removeVolumes, stopGraceMs }));
  const history = historyAfter(task, on.now, 'replaced', 0);
  createTask(service, { slot: task.slot, node: task.pinnedNode }, on, history);
}

function rollTask({ task, service }: Extract<StackStep, { type: 'roll-task' }>, on: Execution): void {
  if (isCurrent(task, serviceOf(service, on))) on.changes.put({ ...task, forceCount: outdatedForceCount });
}

/** Containers of an update before this one that are not up yet are the first of this one, if they are what is wanted. */
function startUpdate(name: string, on: Execution): void {
  const service = serviceOf(name, on);
  const config = service.spec.deploy.update ?? defaultUpdate;
  const tasks = on.changes.tasksOfService(on.spec.name, name).filter(({ serviceId }) => serviceId === service.id);
  const slots = slotsOf(tasks, service).filter(({ outdated }) => outdated.length > 0);
  const update = beginUpdate(config, slots.length, on.now);
  on.changes.put({ ...service, update });
  for (const task of slots.flatMap(({ current }) => current)) {
    if (task.rollout !== null && !isUp(task)) {
      on.changes.put({ ...task, rollout: { ...task.rollout, update: update.startedAt, upSince: null } });
    }
  }
}

function serviceOf(name: string, { changes, spec }: Execution): ServiceObject {
  const service = changes.ofStack('service', spec.name).find((candidate) => candidate.name === name);
  if (service === undefined) throw new TypeError(`the plan has steps of ${name} before the service`);
  return service;
}

/** The next run of a task that shares namespaces is in those of the containers that own them by then, of whatever stack. */
function renewSharedTasks(changes: ChangeSet): void {
  for (const task of changes.all('task')) {
    if (isLeaving(task) || namespaceOwners(task.spec).length === 0) continue;
    const owners = sharedTasksOf(task.spec, task.stack, changes);
    const sharedTasks = {
      network: owners.network ?? task.sharedTasks.network,
      pid: owners.pid ?? task.sharedTasks.pid,
      ipc: owners.ipc ?? task.sharedTasks.ipc,
      // What its container has mounted stays, whatever becomes of the container that had it first.
      volumes: task.sharedTasks.volumes,
    };
    if (canonicalJson([sharedTasks]) !== canonicalJson([task.sharedTasks])) changes.put({ ...task, sharedTasks });
  }
}

function specOf(spec: StackSpec, name: string): ServiceSpec {
  const service = spec.services[name];
  if (service === undefined) throw new TypeError(`the plan names service ${name}, which the stack has not`);
  return service;
}
