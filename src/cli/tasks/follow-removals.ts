import type { PlanStep } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { titleOf } from '../output/object-titles.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { followObjects } from './follow-objects.ts';
import type { ObjectView } from './object-view.ts';
import { TaskNarrator } from './task-narrator.ts';
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
  const narrator = new TaskNarrator(progress);
  await followObjects(control, { stack, kinds: Object.values(objectKinds) }, signal, (view) => {
    showLeaving(view, names, narrator);
    const left = awaited.filter(({ kind, name }) => view.has(objectKinds[kind] ?? '', name));
    for (const { kind, name } of awaited.filter((step) => !left.includes(step))) {
      narrator.tell(titleOf(kind, name), 'keep', gone);
    }
    return left.length === 0;
  });
}

function showLeaving(view: ObjectView, names: ReadonlySet<string>, narrator: TaskNarrator): void {
  for (const task of view.tasks) {
    if (task.desired !== 'remove' || !names.has(task.containerName)) continue;
    const word = taskWord(task, 'keep', false);
    if (word !== null) narrator.tell(titleOf('container', task.containerName), 'keep', word);
  }
}

const gone = { state: 'done', text: 'Removed' } as const;
