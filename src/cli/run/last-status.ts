import type { TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { followObjects } from '../tasks/follow-objects.ts';

// The status is on its way when the stream has ended; it comes within milliseconds, or the node is in trouble.
const patienceMs = 2000;

/** Keeps watching one container, so that it can be told how it ended although it is removed at once. */
export class LastStatus {
  readonly #end = new AbortController();
  readonly #watching: Promise<void>;
  #task: TaskObject | undefined;

  constructor(control: ControlClient, stack: string, taskId: string) {
    this.#watching = followObjects(control, { stack, kinds: ['task'] }, this.#end.signal, (view) => {
      this.#task = view.task(taskId) ?? this.#task;
      return view.task(taskId) === undefined || (this.#task !== undefined && isTerminal(this.#task.status.state));
    }).then(
      () => undefined,
      () => undefined, // canceled, or the daemon is gone: what is known is known
    );
  }

  /** The container as it ended, as far as that becomes known soon. */
  async ended(): Promise<TaskObject | undefined> {
    const timer = setTimeout(() => this.#end.abort(), patienceMs);
    await this.#watching;
    clearTimeout(timer);
    return this.#task;
  }

  close(): void {
    this.#end.abort();
  }
}
