/** The nodes that suit tasks which are alike, best first, while rooms only get fuller. */
import type { NodeRoom } from './node-room.ts';
import { Heap } from './heap.ts';
import { attributeOf } from './node-attributes.ts';

/** What the candidates are for. */
export interface Ranking {
  /** serviceKeyOf the tasks. */
  readonly service: string;
  /** Labels over whose values the tasks are spread, the first one first. */
  readonly spread: readonly string[];
  /** Nodes on which tasks of this service and definition have failed too often: they come last. */
  readonly failing: ReadonlySet<string>;
  /** Node of a container of the service that goes when the new one serves, and does not count any more; null = there is none. */
  readonly leaving: string | null;
  readonly hasRoom: (room: NodeRoom) => boolean;
}

/** Gives nodes out one by one. */
interface Candidates {
  /** The best node, counted as if the task were placed there; undefined when none is left. */
  take(): NodeRoom | undefined;
}

/** `suitable` are the candidates among `all` nodes; the others only count for how the tasks are spread. */
export function rank(suitable: readonly NodeRoom[], all: readonly NodeRoom[], ranking: Ranking): Candidates {
  const [label, ...rest] = ranking.spread;
  if (label === undefined) return new BestFirst(suitable, ranking);
  return new Spread(label, suitable, all, { ...ranking, spread: rest });
}

/** A node with its place in the order, as it was when it was looked at last. */
interface Entry {
  readonly room: NodeRoom;
  readonly isFailing: boolean;
  replicas: number;
  tasks: number;
}

/** Fewest tasks of the service first, then fewest at all; the order of ids decides between equals, so that equal input gives an equal choice. */
class BestFirst implements Candidates {
  readonly #heap: Heap<Entry>;
  readonly #ranking: Ranking;

  constructor(rooms: readonly NodeRoom[], ranking: Ranking) {
    this.#ranking = ranking;
    const entries = rooms.map((room) => ({
      room,
      isFailing: ranking.failing.has(room.node.id),
      replicas: replicasOf(room, ranking),
      tasks: room.tasks,
    }));
    this.#heap = new Heap(entries, isBetter);
  }

  take(): NodeRoom | undefined {
    for (let entry = this.#heap.first; entry !== undefined; entry = this.#heap.first) {
      // Others may have placed tasks meanwhile. Loads only grow, so that whatever is first after a look at it is the best.
      if (this.#hasGrown(entry)) this.#heap.demoteFirst();
      else if (this.#ranking.hasRoom(entry.room)) return entry.room;
      else this.#heap.removeFirst();
    }
    return undefined;
  }

  #hasGrown(entry: Entry): boolean {
    const { room, replicas, tasks } = entry;
    entry.replicas = replicasOf(room, this.#ranking);
    entry.tasks = room.tasks;
    return entry.replicas !== replicas || entry.tasks !== tasks;
  }
}

function replicasOf(room: NodeRoom, { service, leaving }: Ranking): number {
  return room.replicasOf(service) - (room.node.id === leaving ? 1 : 0);
}

function isBetter(a: Entry, b: Entry): boolean {
  if (a.isFailing !== b.isFailing) return b.isFailing;
  if (a.replicas !== b.replicas) return a.replicas < b.replicas;
  if (a.tasks !== b.tasks) return a.tasks < b.tasks;
  return a.room.order < b.room.order;
}

interface Branch {
  readonly value: string;
  replicas: number;
  readonly candidates: Candidates;
}

/** Equalises the tasks of the service over the values of a label; a branch that is full leaves its share to the others. */
class Spread implements Candidates {
  readonly #branches: Branch[];

  constructor(label: string, suitable: readonly NodeRoom[], all: readonly NodeRoom[], ranking: Ranking) {
    const valueOf = ({ node }: NodeRoom): string => attributeOf(label, node);
    const everywhere = Map.groupBy(all, valueOf);
    this.#branches = [...Map.groupBy(suitable, valueOf)].map(([value, rooms]) => {
      const branch = everywhere.get(value) ?? rooms;
      const replicas = branch.reduce((sum, room) => sum + replicasOf(room, ranking), 0);
      return { value, replicas, candidates: rank(rooms, branch, ranking) };
    });
  }

  take(): NodeRoom | undefined {
    while (this.#branches.length > 0) {
      const branch = this.#branches.reduce((best, other) => (isEmptier(other, best) ? other : best));
      const room = branch.candidates.take();
      if (room === undefined) {
        this.#branches.splice(this.#branches.indexOf(branch), 1);
        continue;
      }
      branch.replicas++;
      return room;
    }
    return undefined;
  }
}

function isEmptier(a: Branch, b: Branch): boolean {
  return a.replicas === b.replicas ? a.value < b.value : a.replicas < b.replicas;
}
