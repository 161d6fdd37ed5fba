/** Questions about pre_start hooks and their containers. Pure. */
import type { TaskObject } from '../../../model/objects.ts';
import { hasEnded, isLeaving, mayRun } from '../../tasks/task-phase.ts';

/** The container of the hook whose turn it is on the way to the start of that task. */
export function currentHook(task: TaskObject, tasks: readonly TaskObject[]): TaskObject | undefined {
  const index = task.preStart?.index;
  return tasks.find(({ hookOf, ...hook }) => hookOf?.taskId === task.id && hookOf.index === index && !isGone(hook));
}

function isGone(hook: Pick<TaskObject, 'desired' | 'gate'>): boolean {
  return hook.desired === 'remove' || hook.gate?.next === 'remove';
}

/** How a container of a hook has failed, in words; null when it has not, or not yet. */
export function hookFailure(hook: TaskObject): string | null {
  if (!hasEnded(hook) || hook.status.state === 'complete') return null;
  const { container, error, message } = hook.status;
  const place = `${hook.service} pre_start[${hook.hookOf?.index ?? 0}] hook`;
  const code = container?.exitCode ?? null;
  return code === null ? `${place}: ${error?.message ?? message}` : `${place} exited with status ${code}`;
}

/** The other containers of the service that are made alike. */
function siblingsOf(task: TaskObject, tasks: readonly TaskObject[]): readonly TaskObject[] {
  return tasks.filter(
    (other) =>
      other.service === task.service &&
      other.id !== task.id &&
      other.oneOff === null &&
      !isLeaving(other) &&
      other.specHash === task.specHash &&
      other.forceCount === task.forceCount,
  );
}

/** Whether a hook that runs once per service has run: a container of it runs, is about to, or has got past that hook. */
export function isDoneElsewhere(task: TaskObject, index: number, tasks: readonly TaskObject[]): boolean {
  return siblingsOf(task, tasks).some((other) => {
    if (other.gate === null) return other.desired === 'running' && mayRun(other);
    if (other.gate.next !== 'running') return false;
    return other.preStart === null || (!other.preStart.isNew && other.preStart.index > index);
  });
}

/** The container that runs such a hook for all: of those that wait, the one with the lowest number. */
export function leaderOf(task: TaskObject, tasks: readonly TaskObject[]): TaskObject {
  const waiting = siblingsOf(task, tasks).filter(({ gate, preStart }) => gate?.next === 'running' && preStart !== null);
  return [task, ...waiting].reduce((first, other) => (other.slot < first.slot ? other : first));
}
