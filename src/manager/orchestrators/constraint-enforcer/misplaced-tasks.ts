import type { NodeObject, TaskObject } from '../../../model/objects.ts';
import type { ServiceSpec } from '../../../model/spec.ts';
import { constraintText, violatedConstraint } from '../../scheduler/filters/constraints.ts';
import { hasPlatform } from '../../scheduler/filters/platform.ts';
import { freeGeneric, freeMemory, freeNanoCpus } from '../../scheduler/filters/reservations.ts';
import { needsEncryption } from '../../scheduler/pins-of.ts';
import { canEncrypt } from '../../tunnels/can-encrypt.ts';
import { LoadCounter } from '../../store/node-load.ts';
import type { ObjectLookup, StoreView } from '../../store/object-index.ts';
import { hasEnded, isLeaving } from '../../tasks/task-phase.ts';

/** Tasks that are to leave the node, by the reason. Those with a place on it are the business of their services' mode; one-offs run to their end. */
export function misplacedTasks(view: StoreView, node: NodeObject): ReadonlyMap<string, readonly TaskObject[]> {
  const tasks = view
    .tasksOfNode(node.id)
    .filter((task) => !isLeaving(task) && (!hasEnded(task) || isRefused(view, task, node)));
  const movable = tasks.filter(({ oneOff, pinnedNode }) => oneOff === null && pinnedNode === null);
  const reasons = new Map<TaskObject, string>();
  for (const task of movable) {
    const reason = whyMisplaced(view, task, node);
    if (reason !== null) reasons.set(task, reason);
  }
  const crowded = node.availability === 'drain' ? [] : crowdedOut(node, movable, reasons, tasks);
  for (const task of crowded) reasons.set(task, `node ${node.hostname} has not any more what the task has reserved`);
  return Map.groupBy(reasons.keys(), (task) => reasons.get(task) ?? '');
}

/** Why it is not to be there, whatever else there is; null = it may be. */
export function whyMisplaced(view: ObjectLookup, task: TaskObject, node: NodeObject): string | null {
  if (node.availability === 'drain') return `node ${node.hostname} is drained`;
  const spec = specOf(view, task);
  const violated = violatedConstraint(spec.deploy.placement.constraints, node);
  if (violated !== undefined)
    return `node ${node.hostname} is not as the constraint ${constraintText(violated)} wants any more`;
  if (!hasPlatform(spec, node)) return `node ${node.hostname} is not of the platform of the image`;
  return isInClear(view, task, node) ? `node ${node.hostname} cannot encrypt what goes to other nodes` : null;
}

function isInClear(view: ObjectLookup, task: TaskObject, { description }: NodeObject): boolean {
  return !canEncrypt(description) && needsEncryption(view, task);
}

/** It could not even be made, because of the node alone, which had not said so before. */
function isRefused(view: ObjectLookup, task: TaskObject, node: NodeObject): boolean {
  return task.desired === 'running' && task.status.state === 'rejected' && isInClear(view, task, node);
}

/** A change of constraints needs no new container, so that what the service says by now counts. */
function specOf(view: ObjectLookup, task: TaskObject): ServiceSpec {
  return view.get('service', task.serviceId)?.spec ?? task.spec;
}

/** Of a node that has become smaller the youngest go, until the others fit. */
function crowdedOut(
  node: NodeObject,
  movable: readonly TaskObject[],
  leaving: ReadonlyMap<TaskObject, string>,
  all: readonly TaskObject[],
): readonly TaskObject[] {
  const load = new LoadCounter();
  for (const task of all) if (!leaving.has(task)) load.add(task);
  const gone: TaskObject[] = [];
  for (const task of movable.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))) {
    if (leaving.has(task) || !takesTooMuch(task, node, load)) continue;
    load.remove(task);
    gone.push(task);
  }
  return gone;
}

/** Whether something that it has reserved is promised more often than it is there. */
function takesTooMuch({ spec }: TaskObject, node: NodeObject, load: LoadCounter): boolean {
  const { cpus, memoryBytes, generic } = spec.deploy.reservations;
  if (cpus !== null && freeNanoCpus(node, load) < 0) return true;
  if (memoryBytes !== null && freeMemory(node, load) < 0) return true;
  return Object.keys(generic).some((kind) => freeGeneric(kind, node, load) < 0);
}
