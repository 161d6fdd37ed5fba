import type { PlanStep } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { titleOf } from '../output/object-titles.ts';
import type { Progress, ProgressEvent } from '../output/progress/progress-event.ts';
import { followObjects } from './follow-objects.ts';
import type { ObjectView } from './object-view.ts';
import { taskWord } from './task-word.ts';

/** What steps of a plan call an object, and what the store does. */
const objectKinds: Readonly<Record<string, string>> = { container: 'task', network: 'network', volume: 'volume' };

/** Resolves when everything that these steps remove is gone, showing it on the way. */
export async function followRemovals(
  control: ControlClient,
  stack: string,
  steps: readonly PlanStep[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const awaited = steps.filter(({ action, kind }) => action === 'remove' && objectKinds[kind] !== undefined);
  if (awaited.length === 0) return;
  const names = new Set(awaited.filter(({ kind }) => kind === 'container').map(({ name }) => name));
  await followObjects(control, { stack, kinds: Object.values(objectKinds) }, signal, (view) => {
    showLeaving(view, names, progress);
    const left = awaited.filter(({ kind, name }) => view.has(objectKinds[kind] ?? '', name));
    for (const step of awaited) if (!left.includes(step)) progress.event(removedEvent(step.kind, step.name));
    return left.length === 0;
  });
}

function showLeaving(view: ObjectView, names: ReadonlySet<string>, progress: Progress): void {
  for (const task of view.tasks) {
    if (task.desired !== 'remove' || !names.has(task.containerName)) continue;
    const word = taskWord(task, 'keep', false);
    if (word !== null) progress.event({ id: titleOf('container', task.containerName), ...word });
  }
}

/** The last word on something. */
export function removedEvent(kind: string, name: string): ProgressEvent {
  return { id: titleOf(kind, name), state: 'done', text: 'Removed' };
}
