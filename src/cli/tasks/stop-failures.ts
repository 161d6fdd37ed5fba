import type { TaskObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import { stopHookFailure, type FailedVerdict } from './task-goal.ts';

/** Remembers the pre_stop hooks that failed while a command followed containers: these end all the same, and may be gone when it ends. */
export class StopFailures {
  #first: FailedVerdict | null = null;

  /** Takes notice of containers as they are now. */
  observe(tasks: readonly TaskObject[]): void {
    for (const task of tasks) this.#first ??= stopHookFailure(task);
  }

  /** For the end of the command. */
  throwFirst(): void {
    if (this.#first === null) return;
    const { message, hint } = this.#first;
    throw new TsstackError('conflict', message, hint === null ? {} : { hint });
  }
}
