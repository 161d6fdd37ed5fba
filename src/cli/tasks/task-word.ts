/** The status words of containers in progress displays. Pure. */
import type { TaskGate, TaskObject } from '../../model/objects.ts';
import { isTerminal, observedStateNumbers } from '../../model/states.ts';
import { removalFailed } from '../../model/new-status.ts';
import type { ProgressEvent } from '../output/progress/progress-event.ts';
import { startFailure } from './task-goal.ts';

/** How a command changes a container, which colours the words: what is replaced is Recreated rather than Created. */
export type TaskChange = 'create' | 'replace' | 'start' | 'restart' | 'keep';

type Word = Pick<ProgressEvent, 'state' | 'text' | 'details'>;

/** What to show of a container now; null when there is nothing to say. */
export function taskWord(task: TaskObject, change: TaskChange, waitsForHealth: boolean): Word | null {
  const { gate } = task;
  if (gate?.failed === true) return { state: 'error', text: 'Error', details: gate.message };
  // It goes on as before until its turn to end has come.
  if (gate !== null && gate.next !== 'running') return null;
  // What is known of it is of the run before.
  if (gate !== null && isTerminal(task.status.state)) return waitingWord(gate);
  if (task.desired === 'remove') return leavingWord(task, 'Removing');
  if (task.desired === 'stopped')
    return isTerminal(task.status.state) ? done('Stopped') : leavingWord(task, 'Stopping');
  if (task.status.run < task.desiredRun && task.status.run > 0)
    return working(change === 'restart' ? 'Restarting' : 'Starting');
  return comingWord(task, change, waitsForHealth);
}

/** The same for a command that only wants it to be made, when it is: an attached `up` tells the rest by the output. */
export function madeWord({ status }: TaskObject, change: TaskChange): Word {
  if (change === 'keep' && status.state === 'running') return done('Running');
  return done(change === 'replace' ? 'Recreated' : 'Created');
}

function leavingWord(task: TaskObject, fallback: string): Word {
  const { state, container, error } = task.status;
  if (error?.code === removalFailed)
    return { state: 'warning', text: fallback, details: `${error.message}; it is tried again` };
  const isAlive =
    !isTerminal(state) && container !== null && container.phase !== 'exited' && container.phase !== 'created';
  return working(isAlive ? 'Stopping' : fallback);
}

function comingWord(task: TaskObject, change: TaskChange, waitsForHealth: boolean): Word | null {
  const { state, message, container } = task.status;
  const cause = startFailure(task);
  if (cause !== null) return { state: 'error', text: 'Error', details: task.status.error?.message ?? message };
  if (isTerminal(state)) return exitedWord(task);
  if (state === 'running') return runningWord(task, change, waitsForHealth);
  if (state === 'starting') return working(change === 'restart' ? 'Restarting' : 'Starting');
  if (state === 'ready') return readyWord(task, change);
  const isEarly = observedStateNumbers[state] <= observedStateNumbers.pending;
  if (isEarly && message !== '')
    return { state: 'working', text: change === 'replace' ? 'Recreate' : 'Waiting', details: message };
  if (container !== null) return null;
  // While its image is on the way: how far that is.
  const details = message === '' ? {} : { details: message };
  return { ...working(change === 'replace' ? 'Recreate' : 'Creating'), ...details };
}

function readyWord(task: TaskObject, change: TaskChange): Word {
  if (task.gate !== null) return waitingWord(task.gate);
  const text = change === 'replace' ? 'Recreated' : 'Created';
  return task.desired === 'ready' ? done(text) : working(text);
}

/** `Waiting for p-db-1 to be healthy`. */
function waitingWord({ message }: TaskGate): Word {
  const details = message.replace(/^waits /, '');
  return { state: 'working', text: 'Waiting', ...(details === '' ? {} : { details }) };
}

function runningWord(task: TaskObject, change: TaskChange, waitsForHealth: boolean): Word {
  const { container } = task.status;
  if (container?.phase === 'restarting') return { state: 'warning', text: 'Restarting', details: task.status.message };
  if (waitsForHealth && container?.health != null) {
    if (container.health.state === 'unhealthy') return { state: 'error', text: 'Unhealthy' };
    return container.health.state === 'healthy' ? done('Healthy') : working('Waiting');
  }
  if (change === 'keep') return done('Running');
  return done(change === 'restart' ? 'Restarted' : 'Started');
}

function exitedWord(task: TaskObject): Word {
  const code = task.status.container?.exitCode ?? 0;
  return code === 0 ? done('Exited') : { state: 'warning', text: 'Exited', details: `(${code})` };
}

function working(text: string): Word {
  return { state: 'working', text };
}

function done(text: string): Word {
  return { state: 'done', text };
}
