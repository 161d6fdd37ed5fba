import type { NodeObject, TaskObject } from '../../../model/objects.ts';
import type { NodeLoad } from '../../store/node-load.ts';

/** What a task needs of its node beyond what its spec says. */
export interface Pins {
  /** Volumes that exist on one node already. */
  readonly volumes: readonly { readonly name: string; readonly nodeId: string }[];
  /** Nodes of the containers whose namespaces and volumes it shares. */
  readonly owners: readonly string[];
  /** Node of the container that waits for this hook; null = it is no hook. */
  readonly hookOwner: string | null;
  /** Nodes of containers that have its name and do not end. */
  readonly predecessors: readonly string[];
  /** It is on a network whose hosts have to encrypt what they send each other, and there are others. */
  readonly needsEncryption: boolean;
  /** What it comes up beside, to take its place (start-first): node and host ports of that one; null = nothing. */
  readonly replaced: { readonly nodeId: string; readonly ports: readonly string[] } | null;
}

/** What a placement rule looks at. */
export interface Placement {
  readonly task: TaskObject;
  readonly node: NodeObject;
  readonly load: NodeLoad;
  readonly pins: Pins;
}

/** What a task asks for, before any node is looked at. */
export type Asked = Pick<Placement, 'task' | 'pins'>;

interface Rule<Sight> {
  readonly name: string;
  /** True when the node will do. */
  check(placement: Sight): boolean;
  /** Why it will not, for people: the end of "2 nodes …". */
  explain(placement: Sight): string;
}

/** The answer is the same for all tasks. */
interface NodeFilter extends Rule<Pick<Placement, 'node'>> {
  readonly looksAt: 'node';
}

/** The answer is the same for tasks that are alike. */
interface TaskFilter extends Rule<Placement> {
  readonly looksAt: 'task';
  /** False when the task asks for nothing of the kind, and any node will do. */
  isAsked(asked: Asked): boolean;
}

/** Placing a task can change the answer for the next one. */
interface LoadFilter extends Rule<Placement> {
  readonly looksAt: 'load';
}

/** One rule of placement. */
export type Filter = NodeFilter | TaskFilter | LoadFilter;
