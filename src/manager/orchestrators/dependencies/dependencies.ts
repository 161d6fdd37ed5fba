/** Loop: opens the gates of tasks as the states of their dependencies and dependants change. */
import type { TaskObject } from '../../../model/objects.ts';
import type { Reconciler } from '../../loops/reconcile-loop.ts';
import { put, subjectOf, type Change, type ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { hasBegun, hasEnded } from '../../tasks/task-phase.ts';
import { wantRemoved } from '../../tasks/task-intents.ts';
import { advanceHooks } from '../hooks/advance-hooks.ts';
import { settleGates } from './settle-gates.ts';

/** Keys are names of stacks: dependencies do not reach further. */
export const dependencies: Reconciler<string> = { name: 'dependencies', concerns, everything, reconcile };

function concerns(change: ObjectChange): readonly string[] {
  const object = subjectOf(change);
  return object.kind === 'task' ? [object.stack] : [];
}

function everything(view: StoreView): readonly string[] {
  return [...new Set(view.all('task').map(({ stack }) => stack))];
}

function reconcile(view: StoreView, stacks: ReadonlySet<string>, now: string): readonly Change[] {
  // A stack may have 100,000 tasks, of which most changes leave nothing to do.
  const held = [...stacks].filter((stack) => view.heldTasks(stack).length > 0);
  return held.flatMap((stack) => reconcileStack(view.ofStack('task', stack), now).map((task) => put(task)));
}

/** Tasks of one stack that change, and containers of hooks whose turn has come; `now` is in RFC 3339. */
export function reconcileStack(tasks: readonly TaskObject[], now: string): readonly TaskObject[] {
  if (tasks.every((task) => task.gate === null && task.hookOf === null && followFacts(task) === task)) return [];
  const followed = new Map(tasks.map((task) => [task.id, followFacts(task)]));
  for (const task of advanceHooks([...followed.values()], now)) followed.set(task.id, task);
  for (const task of settleGates([...followed.values()])) followed.set(task.id, task);
  const before = new Map(tasks.map((task) => [task.id, task]));
  return [...followed.values()].filter((task) => before.get(task.id) !== task);
}

/** What happened at the agent without a word from here: a client's attach started the container, a one-off with `--rm` has ended. */
function followFacts(task: TaskObject): TaskObject {
  if (task.desired === 'ready' && task.gate === null && hasBegun(task)) return { ...task, desired: 'running' };
  const isDone = task.oneOff?.autoRemove === true && hasEnded(task) && task.desired !== 'remove';
  if (isDone && task.gate === null) return wantRemoved(task, { removeVolumes: true, stopGraceMs: null });
  return task;
}
