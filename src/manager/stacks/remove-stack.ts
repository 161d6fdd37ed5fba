/** `down`: what goes, and in which order. Pure. */
import type { TaskObject } from '../../model/objects.ts';
import type { PlanStep, RemoveStackRequest, RemoveStackResponse } from '../../rpc/messages.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { withDependants } from '../tasks/dependencies-of.ts';
import { wantRemoved } from '../tasks/task-intents.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import { openGates } from './execute-plan.ts';

/** Stores the intent; the agents and the reaper do the rest. A stack that is not there is nothing to remove. */
export function removeStack(view: StoreView, request: RemoveStackRequest): Transaction<RemoveStackResponse> {
  const changes = new ChangeSet(view);
  const tasks = view.ofStack('task', request.stack);
  const leaving = tasks.filter((task) => isMeant(view, task, request));
  const left = tasks.filter((task) => !leaving.includes(task) && !isLeaving(task));
  const options = { removeVolumes: request.volumes, stopGraceMs: request.stopGraceMs };
  for (const task of leaving) changes.put(wantRemoved(task, options));
  forgetServices(changes, view, request);
  openGates(changes, request.stack);
  const isWhole = request.services.length === 0 && left.length === 0;
  const resources = isWhole ? removeResources(changes, view, request) : [];
  const steps = [...leaving.map(containerStep), ...resources, ...imageSteps(leaving, request)];
  return { changes: changes.changes, result: { steps, warnings: isWhole ? [] : warningsOf(request, left) } };
}

/** Containers of the stack's services. Of orphans and one-offs only when asked for. */
function isMeant(view: StoreView, task: TaskObject, request: RemoveStackRequest): boolean {
  const isStray = (task.oneOff !== null && task.hookOf === null) || !isKnownService(view, task, request);
  if (isStray && !request.removeOrphans) return false;
  if (request.services.length === 0) return true;
  return !isStray && selectedServices(view, request).has(task.service);
}

/** The client knows the file as it is now; a service may have left it since the last apply. */
function isKnownService(view: StoreView, task: TaskObject, { knownServices }: RemoveStackRequest): boolean {
  if (knownServices.length > 0) return knownServices.includes(task.service);
  return view.ofStack('service', task.stack).some(({ name }) => name === task.service);
}

function selectedServices(view: StoreView, request: RemoveStackRequest): ReadonlySet<string> {
  const services = view.ofStack('service', request.stack).map(({ name, spec }) => [name, spec] as const);
  return withDependants(request.services, Object.fromEntries(services));
}

function forgetServices(changes: ChangeSet, view: StoreView, request: RemoveStackRequest): void {
  const names = selectedServices(view, request);
  for (const service of view.ofStack('service', request.stack)) {
    if (request.services.length === 0 || names.has(service.name)) changes.delete(service);
  }
}

/** Marks the stack, whose end takes its networks along, and volumes if asked for. Volumes can outlive their stack: those are deleted at once. */
function removeResources(changes: ChangeSet, view: StoreView, request: RemoveStackRequest): readonly PlanStep[] {
  const stack = view.ofStack('stack', request.stack)[0];
  const networks = view.ofStack('network', request.stack).filter(({ spec }) => !spec.external);
  const named = view
    .ofStack('volume', request.stack)
    .filter(({ spec, anonymousOf }) => !spec.external && anonymousOf === null);
  const volumes = request.volumes ? named : [];
  if (stack === undefined) for (const volume of volumes) changes.delete(volume);
  else changes.put({ ...stack, removing: true, removeVolumes: stack.removeVolumes || request.volumes });
  return [...networks, ...volumes].map(({ kind, name }) => ({
    action: 'remove',
    kind,
    name,
    service: '',
    reasons: [],
  }));
}

function containerStep({ containerName, service }: TaskObject): PlanStep {
  return { action: 'remove', kind: 'container', name: containerName, service, reasons: [] };
}

/** `local` means images that the stack has built, of which there are none yet. */
function imageSteps(tasks: readonly TaskObject[], { removeImages }: RemoveStackRequest): readonly PlanStep[] {
  if (removeImages !== 'all') return [];
  const images = new Set(tasks.map(({ spec }) => spec.image).filter((image) => !image.includes('://')));
  return [...images].map((name) => ({ action: 'remove', kind: 'image', name, service: '', reasons: [] }));
}

function warningsOf(request: RemoveStackRequest, left: readonly TaskObject[]): readonly string[] {
  if (request.services.length > 0 || left.length === 0) return [];
  const names = left.map(({ containerName }) => containerName).join(', ');
  return [
    `networks of stack ${request.stack} stay, because orphan containers use them: ${names}; add --remove-orphans to remove these too`,
  ];
}
