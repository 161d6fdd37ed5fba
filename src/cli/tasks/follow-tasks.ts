import type { TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { TsstackError } from '../../model/errors.ts';
import { followObjects } from './follow-objects.ts';
import type { ObjectView } from './object-view.ts';
import { StopFailures } from './stop-failures.ts';
import { judgeTask, type FailedVerdict, type TaskGoal } from './task-goal.ts';
import { TaskNarrator } from './task-narrator.ts';
import { madeWord, taskWord, type TaskChange } from './task-word.ts';

export interface FollowOptions {
  readonly stack: string;
  readonly taskIds: readonly string[];
  readonly goal: TaskGoal;
  /** What the command knew of them before: one that is gone at once is still told of by its name. */
  readonly known?: readonly TaskObject[] | undefined;
  /** How the command changes a container, by its name. */
  readonly changeOf: (containerName: string) => TaskChange;
  readonly progress: Progress;
  /** Ends the wait; nothing is undone. */
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when all these containers have reached the goal, showing each change on the way; throws the first failure. */
export async function followTasks(control: ControlClient, options: FollowOptions): Promise<void> {
  if (options.taskIds.length === 0) return;
  const names = new Map((options.known ?? []).map(({ id, containerName }) => [id, containerName]));
  const narrator = new TaskNarrator(options.progress);
  const failures = new StopFailures();
  await followObjects(control, { stack: options.stack, kinds: ['task'] }, options.signal, (now) => {
    showTasks(now, options, names, narrator);
    failures.observe(options.taskIds.flatMap((id) => now.task(id) ?? []));
    return howFar(now, options);
  });
  failures.throwFirst();
}

/** True when all have reached the goal; a number when time alone may bring them there. */
function howFar(view: ObjectView, { taskIds, goal }: FollowOptions): boolean | number {
  const completing = servicesThatComplete(view);
  const nowMs = Date.now();
  const verdicts = taskIds.map((id) => {
    const task = view.task(id);
    return judgeTask(task, goal, { mayComplete: task !== undefined && completing.has(task.service), nowMs });
  });
  const failure = verdicts.find((verdict): verdict is FailedVerdict => verdict.kind === 'failed');
  if (failure !== undefined) {
    throw new TsstackError('conflict', failure.message, failure.hint === null ? {} : { hint: failure.hint });
  }
  const waits = verdicts.flatMap((verdict) => (verdict.kind === 'waiting' ? [verdict.forMs ?? Infinity] : []));
  if (waits.length === 0) return true;
  const longestMs = Math.max(...waits);
  return longestMs === Infinity ? false : longestMs;
}

/** Services whose end with code 0 somebody waits for. */
function servicesThatComplete(view: ObjectView): ReadonlySet<string> {
  const names = view.tasks.flatMap((task) =>
    Object.entries(task.spec.dependsOn)
      .filter(([, { condition }]) => condition === 'service_completed_successfully')
      .map(([name]) => name),
  );
  return new Set(names);
}

/** `names` remembers what containers were called, for the word when they are gone. */
function showTasks(view: ObjectView, options: FollowOptions, names: Map<string, string>, narrator: TaskNarrator): void {
  for (const id of options.taskIds) {
    const task = view.task(id);
    const name = task?.containerName ?? names.get(id);
    if (name === undefined) continue;
    names.set(id, name);
    const change = options.changeOf(name);
    const word = task === undefined ? gone : wordOf(task, change, options.goal);
    if (word !== null) narrator.tell(`Container ${name}`, change, word);
  }
}

function wordOf(task: TaskObject, change: TaskChange, goal: TaskGoal): ReturnType<typeof taskWord> {
  if (goal === 'created' && judgeTask(task, goal).kind === 'reached') return madeWord(task, change);
  return taskWord(task, change, goal === 'ready');
}

const gone = { state: 'done', text: 'Removed' } as const;
