import type { TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { followObjects } from '../tasks/follow-objects.ts';
import { judgeTask } from '../tasks/task-goal.ts';

// The status is on its way when the stream has ended; it comes within milliseconds, or the node is in trouble.
const patienceMs = 2000;

/** Keeps watching one container, so that it can be told how it ended although it is removed at once. */
export class LastStatus {
  readonly #end = new AbortController();
  readonly #watching: Promise<void>;
  readonly #made = Promise.withResolvers<boolean>();
  #task: TaskObject | undefined;

  constructor(control: ControlClient, stack: string, taskId: string) {
    this.#watching = followObjects(control, { stack, kinds: ['task'] }, this.#end.signal, (view) => {
      this.#task = view.task(taskId) ?? this.#task;
      this.#judge();
      return view.task(taskId) === undefined || (this.#task !== undefined && isTerminal(this.#task.status.state));
    }).then(
      () => undefined,
      () => undefined, // canceled, or the daemon is gone: what is known is known
    );
  }

  /** Resolves to true when the container has been made, to false when it can never be. */
  get made(): Promise<boolean> {
    return this.#made.promise;
  }

  /** The container as it ended, as far as that becomes known soon. */
  async ended(): Promise<TaskObject | undefined> {
    const timer = setTimeout(() => this.#end.abort(), patienceMs);
    await this.#watching;
    clearTimeout(timer);
    return this.#task;
  }

  #judge(): void {
    const verdict = this.#task === undefined ? undefined : judgeTask(this.#task, 'created').kind;
    if (verdict === 'reached' || verdict === 'failed') this.#made.resolve(verdict === 'reached');
  }

  close(): void {
    this.#end.abort();
  }
}
