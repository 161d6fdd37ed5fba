/** Turns the steps of a plan into changes of one transaction. */
import { canonicalJson } from '../../model/canonical-json.ts';
import { newId } from '../../model/ids.ts';
import type { ServiceObject, TaskObject } from '../../model/objects.ts';
import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import { settleGates } from '../orchestrators/dependencies/settle-gates.ts';
import type { ChangeSet } from '../store/change-set.ts';
import { containerNameOf } from '../tasks/container-name.ts';
import { newTask } from '../tasks/new-task.ts';
import { wantFollowed, wantRemoved, wantStarted } from '../tasks/task-intents.ts';
import { namespaceOwners, sharedTasksOf } from '../tasks/shared-tasks.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { StackStep } from './stack-step.ts';
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
  'create-task': ({ service, slot }, on) => createTask(service, slot, on),
  'replace-task': replaceTask,
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

function writeService(step: Extract<StackStep, { type: 'write-service' }>, { changes, spec, now }: Execution): void {
  const service: ServiceObject = {
    ...(step.before ?? newService(spec.name, now)),
    name: step.service,
    spec: specOf(spec, step.service),
    specHash: step.specHash,
    forceCount: step.forceCount,
  };
  changes.put(service);
  for (const task of changes.ofStack('task', spec.name)) {
    // What needs no new container (depends_on, say) is taken over by those that stay.
    const isMatching = task.service === step.service && task.oneOff === null && !isLeaving(task);
    const isUpToDate = task.specHash === step.specHash && task.forceCount === step.forceCount;
    if (isMatching && isUpToDate) changes.put({ ...task, spec: service.spec });
  }
}

function newService(stack: string, now: string): Omit<ServiceObject, 'name' | 'spec' | 'specHash' | 'forceCount'> {
  const common = { id: newId(), version: 0, createdAt: now, updatedAt: now, kind: 'service' } as const;
  return { ...common, stack, previous: null, update: null, suspended: false, scheduledUntil: null };
}

/** The task as it is after earlier steps of the same plan. */
function latest(task: TaskObject, changes: ChangeSet): TaskObject {
  return changes.get('task', task.id) ?? task;
}

function createTask(name: string, slot: number, on: Execution): void {
  const { changes, spec, options, now } = on;
  const service = changes.ofStack('service', spec.name).find((candidate) => candidate.name === name);
  const serviceSpec = specOf(spec, name);
  if (service === undefined) throw new TypeError(`the plan creates a task of ${name} before the service`);
  const task = newTask({
    id: newId(),
    now,
    stack: spec.name,
    service,
    spec: serviceSpec,
    slot,
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
  createTask(service, task.slot, on);
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
