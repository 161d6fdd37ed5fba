/** One pass of placements: tasks that are alike share the search for nodes. */
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ObjectLookup, StoreView } from '../store/object-index.ts';
import { serviceKeyOf } from '../store/node-load.ts';
import { rank } from './candidates.ts';
import { failingNodes } from './failing-nodes.ts';
import { hasRoom, isOpen, refusalOf, suitability, suits } from './filters/all-filters.ts';
import type { Pins } from './filters/filter.ts';
import { NodeRoom } from './node-room.ts';
import { noPins, pinsKeyOf, pinsOf } from './pins-of.ts';

/** The node for a task, or one line on why none will do. */
export type Choice = NodeRoom | { readonly reason: string };

/** Tasks that are alike. */
interface Group {
  readonly task: TaskObject;
  readonly pins: Pins;
  readonly candidates: ReturnType<typeof rank>;
  /** Set when no node was left: rooms only get fuller within a pass. */
  refusal: { readonly reason: string } | null;
}

export class Placement {
  readonly #view: StoreView;
  readonly #nowMs: number;
  readonly #rooms: ReadonlyMap<string, NodeRoom>;
  /** Those that take tasks at all. */
  readonly #open: readonly NodeRoom[];
  readonly #groups = new Map<string, Group>();

  /** `now` is in RFC 3339. */
  constructor(view: StoreView, now: string) {
    this.#view = view;
    this.#nowMs = Date.parse(now);
    const nodes = view.all('node').toSorted((a, b) => (a.id < b.id ? -1 : 1));
    this.#rooms = new Map(nodes.map((node, order) => [node.id, new NodeRoom(node, order, view.loadOf(node.id))]));
    this.#open = [...this.#rooms.values()].filter(({ node }) => isOpen(node));
  }

  /** `lookup` has the placements of this pass in it. Add the placed task to the chosen room. */
  choose(task: TaskObject, lookup: ObjectLookup): Choice {
    if (this.#rooms.size === 0) return { reason: 'no node has joined yet' };
    const pins = this.#pinsOf(task, lookup);
    const prepared = this.#preparedRoom(task, pins);
    if (prepared !== null) return prepared;
    const group = this.#groupOf(task, pins);
    return group.candidates.take() ?? (group.refusal ??= { reason: this.#explain(group) });
  }

  /** The node that has its images ready, if it will do. */
  #preparedRoom(task: TaskObject, pins: Pins): NodeRoom | null {
    const room = task.preparedOn === null ? undefined : this.#rooms.get(task.preparedOn);
    if (room === undefined || (task.pinnedNode ?? room.node.id) !== room.node.id) return null;
    const on = { task, pins, node: room.node, load: room };
    return suits(on) && hasRoom(on) ? room : null;
  }

  /** An anonymous volume is kept where its node would do anyway; else the container gets a new one. */
  #pinsOf(task: TaskObject, lookup: ObjectLookup): Pins {
    const wouldDo = (nodeId: string): boolean => {
      const room = this.#rooms.get(nodeId);
      return room !== undefined && suits({ task, pins: noPins, node: room.node, load: room });
    };
    return pinsOf(lookup, task, wouldDo);
  }

  #groupOf(task: TaskObject, pins: Pins): Group {
    // A one-off has a spec of its own.
    const likeness = task.oneOff === null ? `${serviceKeyOf(task)} ${task.specHash} ${deployKeyOf(task)}` : task.id;
    const key = `${likeness} ${task.pinnedNode ?? ''} ${pinsKeyOf(pins)}`;
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, (group = this.#makeGroup(task, pins)));
    return group;
  }

  /** Each container of a global service has a node of its own; the others are none of its business. */
  #roomsFor({ pinnedNode }: TaskObject): readonly NodeRoom[] {
    if (pinnedNode === null) return [...this.#rooms.values()];
    const own = this.#rooms.get(pinnedNode);
    return own === undefined ? [] : [own];
  }

  /** Of a thousand nodes each is only looked at for what the tasks ask for. */
  #suitableRooms(task: TaskObject, pins: Pins): readonly NodeRoom[] {
    const open = task.pinnedNode === null ? this.#open : this.#roomsFor(task).filter(({ node }) => isOpen(node));
    const isSuitable = suitability({ task, pins });
    if (isSuitable === null) return open;
    return open.filter((room) => isSuitable({ task, pins, node: room.node, load: room }));
  }

  #makeGroup(task: TaskObject, pins: Pins): Group {
    const candidates = rank(this.#suitableRooms(task, pins), this.#roomsFor(task), {
      service: serviceKeyOf(task),
      spread: task.spec.deploy.placement.spread,
      failing: failingNodes(this.#view, task, this.#nowMs),
      leaving: pins.replaced?.nodeId ?? null,
      hasRoom: (room) => hasRoom({ task, pins, node: room.node, load: room }),
    });
    return { task, pins, candidates, refusal: null };
  }

  /** `no suitable node: of 3, 2 without 2 CPUs to reserve, 1 closed for new tasks (drain)`, the most frequent cause first. */
  #explain({ task, pins }: Group): string {
    const refusals = new Map<string, number>();
    const rooms = this.#roomsFor(task);
    if (rooms.length === 0) return 'the node that it is for is no more';
    for (const room of rooms) {
      const reason = refusalOf({ task, pins, node: room.node, load: room });
      if (reason !== undefined) refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    }
    const parts = [...refusals].toSorted(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`);
    return `no suitable node: of ${rooms.length}, ${parts.join(', ')}`;
  }
}

const deployKeys = new WeakMap<object, string>();

/** Tasks of equal hash may differ in `deploy`, which needs no new container. */
function deployKeyOf({ spec: { deploy } }: TaskObject): string {
  let key = deployKeys.get(deploy);
  if (key === undefined) deployKeys.set(deploy, (key = JSON.stringify([deploy.placement, deploy.reservations])));
  return key;
}

/** Names or numbers of the generic resources that the task reserves, of those that are left; the first names first. */
export function takeGenericResources(task: TaskObject, room: NodeRoom): TaskObject['genericResources'] {
  const wanted = Object.entries(task.spec.deploy.reservations.generic);
  return Object.fromEntries(wanted.map(([kind, count]) => [kind, takeGeneric(room, room.node, kind, count)]));
}

function takeGeneric(room: NodeRoom, node: NodeObject, kind: string, count: number): number | readonly string[] {
  const all = node.description.genericResources[kind] ?? 0;
  if (typeof all === 'number') return count;
  return all.filter((name) => !room.isNameTaken(kind, name)).slice(0, count);
}
