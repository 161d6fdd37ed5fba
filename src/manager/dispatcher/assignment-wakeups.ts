import { subjectOf, type ObjectChange } from '../store/change.ts';
import type { Store } from '../store/store.ts';
import type { EndpointsIndex } from './endpoints/endpoints-index.ts';
import { isNewsToAgent } from './node-assignments.ts';
import { NodeWakers } from './node-wakers.ts';

/** So many nodes are concerned only by something large (many tasks placed, many nodes lost), which takes several commits. */
const manyNodes = 200;

/** Such commits are told together, so often at most: of 100,000 tasks that are placed, each node hears in some messages and not in twenty. */
const gatherMs = 1000;

/**
 * Wakes the streams of the nodes that a commit concerns: at once where it is about something of the node itself. Who is where on its networks is
 * told as a whole and changes with each container that starts or ends on any node, so that such changes in a row are told together. Each commit is
 * looked at once, however many nodes there are. Make it after the index of endpoints, which has to have seen the commit before.
 */
export class AssignmentWakeups {
  readonly #store: Store;
  readonly #endpoints: EndpointsIndex;
  readonly #wakers = new Map<string, NodeWakers>();
  readonly #unsubscribe: () => void;
  /** Nodes that large commits concern, and that were not woken yet. */
  readonly #gathered = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #toldAt = -Infinity;

  constructor(store: Store, endpoints: EndpointsIndex) {
    this.#store = store;
    this.#endpoints = endpoints;
    this.#unsubscribe = store.subscribe(({ changes }) => this.#note(changes));
  }

  /** Calls back after each commit that may concern the node. Returns what ends it. */
  follow(nodeId: string, wake: () => void): () => void {
    const wakers = this.#wakers.get(nodeId) ?? new NodeWakers();
    wakers.add(wake);
    this.#wakers.set(nodeId, wakers);
    return () => {
      wakers.delete(wake);
      if (wakers.isEmpty && this.#wakers.get(nodeId) === wakers) this.#wakers.delete(nodeId);
    };
  }

  close(): void {
    this.#unsubscribe();
    clearTimeout(this.#timer);
  }

  #note(changes: readonly ObjectChange[]): void {
    const nodes = new Set<string>();
    for (const change of changes) {
      const concerned = this.#nodesOf(change);
      for (const id of concerned === 'all' ? this.#wakers.keys() : concerned) nodes.add(id);
    }
    const { affected } = this.#endpoints;
    const all = affected.union(nodes);
    if (all.size >= manyNodes) {
      this.#gather(all);
      return;
    }
    this.#wake(nodes);
    for (const id of affected.difference(nodes)) this.#wakers.get(id)?.wakeInTime();
  }

  /** The first large commit after a quiet time is told at once. */
  #gather(nodes: ReadonlySet<string>): void {
    for (const id of nodes) this.#gathered.add(id);
    this.#timer ??= setTimeout(() => this.#tellGathered(), Math.max(0, this.#toldAt + gatherMs - performance.now()));
  }

  #tellGathered(): void {
    this.#timer = undefined;
    this.#toldAt = performance.now();
    this.#wake(this.#gathered);
    this.#gathered.clear();
  }

  #wake(nodeIds: Iterable<string>): void {
    for (const id of nodeIds) this.#wakers.get(id)?.wake();
  }

  #nodesOf({ before, after }: ObjectChange): readonly string[] | 'all' {
    const object = subjectOf({ before, after });
    switch (object.kind) {
      case 'task': {
        if (before !== null && after !== null && !isNewsToAgent(before, after)) return [];
        return [before, after].flatMap((one) => (one?.kind === 'task' ? (one.nodeId ?? []) : []));
      }
      case 'volume':
        return [before, after].flatMap((one) => (one?.kind === 'volume' ? one.nodeId : []));
      case 'network':
        return this.#store.view.tasksOfNetwork(object.id).flatMap(({ nodeId }) => nodeId ?? []);
      // Who uses them is found by names, which may lead elsewhere by now.
      case 'secret':
      case 'config':
        return 'all';
      case 'cluster':
      case 'image':
      case 'node':
      case 'stack':
      case 'service':
        return [];
    }
  }
}
