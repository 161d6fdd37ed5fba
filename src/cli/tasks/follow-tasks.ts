import { isGlobal } from '../../model/deploy-spec.ts';
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { TsstackError } from '../../model/errors.ts';
import { followObjects } from './follow-objects.ts';
import { heldWord, lostNodeOf, lostWord } from './lost-tasks.ts';
import type { ObjectView } from './object-view.ts';
import { StopFailures } from './stop-failures.ts';
import { judgeTask, type FailedVerdict, type TaskGoal, type Verdict } from './task-goal.ts';
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

/**
 * Resolves when all these containers have reached the goal, showing each change on the way; throws the first failure. Hosts that are down are not
 * waited for: what is wanted there is stored. Only where the goal is that everything is up (`--wait`) that is a failure.
 */
export async function followTasks(control: ControlClient, options: FollowOptions): Promise<void> {
  if (options.taskIds.length === 0) return;
  const names = new Map((options.known ?? []).map(({ id, containerName }) => [id, containerName]));
  const narrator = new TaskNarrator(options.progress);
  const failures = new StopFailures();
  await followObjects(control, { stack: options.stack, kinds: ['task', 'node'] }, options.signal, (now) => {
    showTasks(now, options, names, narrator);
    failures.observe(options.taskIds.flatMap((id) => now.task(id) ?? []));
    return howFar(now, options, narrator);
  });
  failures.throwFirst();
}

const stillWaiting: Verdict = { kind: 'waiting' };

/** True when all have reached the goal; a number when time alone may bring them there. */
function howFar(view: ObjectView, options: FollowOptions, narrator: TaskNarrator): boolean | number {
  const { taskIds, goal } = options;
  const completing = servicesThatComplete(view);
  const nowMs = Date.now();
  const verdicts = taskIds.map((id): Verdict => {
    const task = view.task(id);
    // What it stands for may run on the host that is lost.
    if (goal === 'stopped' && task?.nodeId === null && lostNodeOf(view, task) !== undefined) return stillWaiting;
    return judgeTask(task, goal, { mayComplete: task !== undefined && completing.has(task.service), nowMs });
  });
  const failure = verdicts.find((verdict): verdict is FailedVerdict => verdict.kind === 'failed');
  if (failure !== undefined) {
    throw new TsstackError('conflict', failure.message, failure.hint === null ? {} : { hint: failure.hint });
  }
  const waits = verdicts.flatMap((verdict) => (verdict.kind === 'waiting' ? [verdict.forMs ?? Infinity] : []));
  if (waits.length === 0) return true;
  const waiting = taskIds.flatMap((id, index) => (verdicts[index]?.kind === 'waiting' ? (view.task(id) ?? []) : []));
  if (isHeldUp(view, waiting, options, narrator)) return true;
  const longestMs = Math.max(...waits);
  return longestMs === Infinity ? false : longestMs;
}

/** True when those that have not reached the goal are all on hosts that are down, or wait their turn behind these. Says so. */
function isHeldUp(
  view: ObjectView,
  waiting: readonly TaskObject[],
  { goal, changeOf }: FollowOptions,
  narrator: TaskNarrator,
): boolean {
  const lost = waiting.map((task) => [task, lostNodeOf(view, task)] as const);
  const others = lost.flatMap(([task, node]) => (node === undefined ? [task] : []));
  if (others.length === lost.length) return false;
  for (const [{ containerName }, node] of lost) {
    const word = node === undefined ? null : lostWord(node, outcomes[goal]);
    if (word !== null) narrator.tell(`Container ${containerName}`, changeOf(containerName), word);
  }
  if (!others.every(({ gate }) => gate !== null)) return false;
  for (const task of others)
    narrator.tell(`Container ${task.containerName}`, changeOf(task.containerName), heldWord(task));
  if (goal === 'ready') refuseLost(lost);
  return true;
}

const outcomes: Readonly<Record<TaskGoal, string>> = {
  accepted: 'it is accepted',
  created: 'it is made',
  started: 'it starts',
  ready: 'it starts',
  stopped: 'it stops',
  removed: 'it goes',
};

/** A global service is up when it is on every host that there is. */
function refuseLost(lost: readonly (readonly [TaskObject, NodeObject | undefined])[]): void {
  for (const [{ containerName, spec }, node] of lost) {
    if (node === undefined || isGlobal(spec)) continue;
    throw new TsstackError(
      'unavailable',
      `container ${containerName}: node ${node.hostname} is down since ${node.stateSince}`,
      {
        hint: 'what is wanted of it is stored, and comes true when the node is back',
      },
    );
  }
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
