import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { PlanStep } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { titleOf } from '../output/object-titles.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { followObjects } from './follow-objects.ts';
import type { ObjectView } from './object-view.ts';
import { heldWord, lostNodeOf, lostWord } from './lost-tasks.ts';
import { StopFailures } from './stop-failures.ts';
import { TaskNarrator } from './task-narrator.ts';
import { taskWord } from './task-word.ts';

/** Kinds of steps that are followed; images go by other ways. */
const followed = new Set(['container', 'network', 'volume']);

/**
 * Resolves when everything that these steps remove is gone, showing it on the way, or is wanted again because somebody brings the stack up
 * meanwhile; throws then if a hook failed before.
 */
export async function followRemovals(
  control: ControlClient,
  stack: string,
  steps: readonly PlanStep[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const awaited = steps.filter(({ action, kind }) => action === 'remove' && followed.has(kind));
  if (awaited.length === 0) return;
  const names = new Set(awaited.filter(({ kind }) => kind === 'container').map(({ name }) => name));
  const narrator = new TaskNarrator(progress);
  const failures = new StopFailures();
  await followObjects(control, { stack, kinds: ['stack', 'task', 'network', 'volume', 'node'] }, signal, (view) => {
    failures.observe(view.tasks.filter((task) => names.has(task.containerName) && isLeaving(task)));
    showLeaving(view, names, narrator);
    const lost = lostContainers(view);
    for (const [name, node] of lost)
      if (names.has(name)) narrator.tell(titleOf('container', name), 'keep', lostWord(node, 'it goes'));
    const held = heldTasks(view, lost);
    for (const task of held)
      if (names.has(task.containerName))
        narrator.tell(titleOf('container', task.containerName), 'keep', heldWord(task));
    const unheard = new Set([...lost.keys(), ...held.map(({ containerName }) => containerName)]);
    // Networks and volumes go after the last container, which may be a long time then.
    const left = awaited.filter(
      ({ kind, name }) => isGoing(view, kind, name) && !unheard.has(name) && (kind === 'container' || lost.size === 0),
    );
    for (const { kind, name } of awaited)
      if (isGone(view, kind, name)) narrator.tell(titleOf(kind, name), 'keep', gone);
    return left.length === 0;
  });
  failures.throwFirst();
}

/** Containers that are to go and are on nodes that are down, with the nodes. */
function lostContainers(view: ObjectView): ReadonlyMap<string, NodeObject> {
  const leaving = Map.groupBy(view.tasks.filter(isLeaving), ({ containerName }) => containerName);
  return new Map(
    [...leaving].flatMap(([name, tasks]) => {
      // What follows it in its place may be leaving, too, and that can be waited for.
      const nodes = tasks.flatMap((task) => lostNodeOf(view, task) ?? []);
      return nodes.length === tasks.length && nodes[0] !== undefined ? [[name, nodes[0]]] : [];
    }),
  );
}

/** Those that go after lost ones, once nothing else is on its way. */
function heldTasks(view: ObjectView, lost: ReadonlyMap<string, NodeObject>): readonly TaskObject[] {
  if (lost.size === 0) return [];
  const others = view.tasks.filter((task) => isLeaving(task) && !lost.has(task.containerName));
  return others.every(({ gate }) => gate !== null) ? others : [];
}

/** Another container may have got the name already. */
function isGone(view: ObjectView, kind: string, name: string): boolean {
  if (kind !== 'container') return !view.has(kind, name);
  return !view.tasks.some((task) => task.containerName === name && isLeaving(task));
}

function isGoing(view: ObjectView, kind: string, name: string): boolean {
  const isStackWanted = view.stacks.some(({ removing }) => !removing);
  return !isGone(view, kind, name) && (kind === 'container' || !isStackWanted);
}

function isLeaving({ desired, gate }: TaskObject): boolean {
  return desired === 'remove' || gate?.next === 'remove';
}

function showLeaving(view: ObjectView, names: ReadonlySet<string>, narrator: TaskNarrator): void {
  for (const task of view.tasks) {
    if (task.desired !== 'remove' || !names.has(task.containerName)) continue;
    const word = taskWord(task, 'keep', false);
    if (word !== null) narrator.tell(titleOf('container', task.containerName), 'keep', word);
  }
}

const gone = { state: 'done', text: 'Removed' } as const;
