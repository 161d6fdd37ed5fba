/** Containers on hosts that are down: what is wanted of them is stored, and nobody there hears it before the host is back. Pure. */
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ProgressEvent } from '../output/progress/progress-event.ts';
import type { ObjectView } from './object-view.ts';

/** The host that is down and without which this container comes no further; undefined when it can. */
export function lostNodeOf(view: ObjectView, task: TaskObject): NodeObject | undefined {
  if (task.nodeId !== null) return downNode(view, task.nodeId);
  const { state, message } = task.status;
  // Before it has looked, the scheduler says nothing.
  if (state !== 'pending' || message === '') return undefined;
  // What stands in for a container that was lost, and finds no other place (its volume is there).
  const others = view.tasks.filter(({ id, containerName }) => id !== task.id && containerName === task.containerName);
  return others.flatMap(({ nodeId }) => (nodeId === null ? [] : (downNode(view, nodeId) ?? [])))[0];
}

/** How that is told. */
export function lostWord({ hostname, stateSince }: NodeObject, what: string): Omit<ProgressEvent, 'id'> {
  const details = `node ${hostname} is down since ${stateSince}: ${what} when it is back, or after tsstack node rm --force ${hostname}`;
  return { state: 'warning', text: 'Lost', details };
}

/** How it is told of a container that waits its turn behind a lost one. */
export function heldWord({ gate }: TaskObject): Omit<ProgressEvent, 'id'> {
  return { state: 'warning', text: 'Waiting', details: gate?.message ?? '' };
}

function downNode(view: ObjectView, nodeId: string): NodeObject | undefined {
  return view.ofKind('node').find(({ id, state }) => id === nodeId && state === 'down');
}
