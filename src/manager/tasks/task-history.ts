import type { PastTask, TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';

/** Rows that a slot shows, the living task included, where `max_attempts` asks for no more. */
const shownTasks = 5;

/** The history of a task that follows `task` in its slot; `failure` = how many tries in a row have failed and why, null when none has. */
export function historyAfter(task: TaskObject, now: string, message: string, attempt: number): readonly PastTask[] {
  const { id, nodeId, spec, specHash, status, history } = task;
  const hasEnded = isTerminal(status.state);
  const past: PastTask = {
    id,
    nodeId,
    image: spec.image,
    specHash,
    state: hasEnded ? status.state : 'shutdown',
    at: hasEnded ? status.at : now,
    message,
    attempt,
  };
  const limit = Math.max(shownTasks - 1, spec.restart.maxRetries);
  return [...history, past].slice(-limit);
}
