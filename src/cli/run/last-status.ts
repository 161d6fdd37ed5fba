import { TsstackError } from '../../model/errors.ts';
import type { TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { followObjects } from '../tasks/follow-objects.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { judgeTask } from '../tasks/task-goal.ts';
import { TaskNarrator } from '../tasks/task-narrator.ts';
import { madeWord, taskWord } from '../tasks/task-word.ts';

interface WatchedTask {
  readonly stack: string;
  readonly taskId: string;
  /** It is removed when it has ended. */
  readonly autoRemove: boolean;
  /** Where its making is shown. */
  readonly progress: Progress;
}

// The status is on its way when the stream has ended; it comes within milliseconds, or the node is in trouble.
const patienceMs = 2000;
// What follows from that, as soon, in the same daemon.
const removalPatienceMs = 10_000;

/** Keeps watching one container: shows how it is made, and can tell how it ended although it is removed at once. */
export class LastStatus {
  readonly #end = new AbortController();
  readonly #watching: Promise<void>;
  readonly #made = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #task: TaskObject | undefined;
  #isJudged = false;

  constructor(control: ControlClient, { stack, taskId, autoRemove, progress }: WatchedTask) {
    const narrator = new TaskNarrator(progress);
    // Who has stopped waiting for it by then hears of the failure in another way.
    this.#made.promise.catch(() => undefined);
    this.#watching = followObjects(control, { stack, kinds: ['task'] }, this.#end.signal, (view) => {
      const now = view.task(taskId);
      this.#task = now ?? this.#task;
      this.#judge(narrator);
      const hasEnded = now === undefined || isTerminal(now.status.state);
      if (hasEnded) this.#ended.resolve();
      return hasEnded && (!autoRemove || now === undefined || now.desired === 'remove');
    })
      .then(
        () => undefined,
        () => undefined, // canceled, or the daemon is gone: what is known is known
      )
      .finally(() => this.#ended.resolve());
  }

  /** Resolves when the container has been made; rejects when it can never be. */
  get made(): Promise<void> {
    return this.#made.promise;
  }

  /** The container as it ended, as far as that becomes known soon. */
  async ended(): Promise<TaskObject | undefined> {
    await this.#within(patienceMs, this.#ended.promise);
    return this.#task;
  }

  /** Resolves when a container that is removed at its end is on its way out: no list shows it any more, and its name is free. */
  left(): Promise<void> {
    return this.#within(removalPatienceMs, this.#watching);
  }

  async #within(limitMs: number, news: Promise<void>): Promise<void> {
    const timer = setTimeout(() => this.#end.abort(), limitMs);
    await news;
    clearTimeout(timer);
  }

  #judge(narrator: TaskNarrator): void {
    if (this.#task === undefined || this.#isJudged) return;
    const verdict = judgeTask(this.#task, 'created');
    const word = verdict.kind === 'reached' ? madeWord(this.#task, 'create') : taskWord(this.#task, 'create', false);
    if (word !== null) narrator.tell(`Container ${this.#task.containerName}`, 'create', word);
    if (verdict.kind === 'waiting') return;
    this.#isJudged = true;
    if (verdict.kind === 'reached') this.#made.resolve();
    else this.#made.reject(new TsstackError('conflict', verdict.message, hintOf(verdict.hint)));
  }

  close(): void {
    this.#end.abort();
  }
}

function hintOf(hint: string | null): { readonly hint?: string } {
  return hint === null ? {} : { hint };
}
