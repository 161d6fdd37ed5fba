/** A container with the host that it is on, for `ps` and its kind. Pure. */
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import { containerJson, containerState, statusText, type ContainerState } from './container-row.ts';
import { formatSpan } from './units.ts';

/** As much of the nodes of a cluster, by id, as containers are shown with. */
export type Nodes = ReadonlyMap<string, Pick<NodeObject, 'hostname' | 'state' | 'stateSince'>>;

/** Its host; empty before it has one. */
export function nodeName(nodeId: string | null, nodes: Nodes): string {
  return nodeId === null ? '' : (nodes.get(nodeId)?.hostname ?? nodeId);
}

/** Its state, `unknown` while nothing is heard of its host. */
export function placedState(task: TaskObject, nodes: Nodes): ContainerState | 'unknown' {
  return lostSince(task, nodes) === null ? containerState(task) : 'unknown';
}

/** Its status, `Unknown since 5 seconds ago` while nothing is heard of its host. */
export function placedStatus(task: TaskObject, nodes: Nodes, now: number): string {
  const since = lostSince(task, nodes);
  return since === null ? statusText(task, now) : unknownText(since, now);
}

/** The object of `ps --format json`; with its host where there are several. */
export function placedJson(
  task: TaskObject,
  nodes: Nodes,
  truncate: boolean,
  now: number,
): Readonly<Record<string, unknown>> {
  const json = {
    ...containerJson(task, truncate, now),
    State: placedState(task, nodes),
    Status: placedStatus(task, nodes, now),
  };
  return nodes.size > 1 ? { ...json, Node: nodeName(task.nodeId, nodes) } : json;
}

/** Since when nothing is heard of the host that it was seen living on. */
export function lostSince({ nodeId, status }: TaskObject, nodes: Nodes): string | null {
  const node = nodeId === null ? undefined : nodes.get(nodeId);
  return node?.state === 'down' && !isTerminal(status.state) ? node.stateSince : null;
}

/** What is said of it then. */
export function unknownText(since: string, now: number): string {
  return `Unknown since ${formatSpan(Math.max(0, now - Date.parse(since))).toLowerCase()} ago`;
}
