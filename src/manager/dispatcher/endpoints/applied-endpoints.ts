import type { TaskObject } from '../../../model/objects.ts';
import type { AppliedEndpoints as Applied } from '../../../rpc/messages.ts';
import type { Store } from '../../store/store.ts';
import type { EndpointsIndex } from './endpoints-index.ts';

/** A node that has not followed by then is slow, cut off or about to be down, and does not hold up the others' work any longer. */
const defaultPatienceMs = 3000;

/** A node on a network. */
interface Place {
  readonly networkId: string;
  readonly version: number;
  readonly nodeId: string;
}

/** Which endpoints are in effect on which node, and who waits for that. Make it after the index of endpoints, which has to have seen each commit before. */
export class AppliedEndpoints {
  readonly #store: Store;
  readonly #endpoints: Pick<EndpointsIndex, 'get'>;
  /** Versions by node and network. */
  readonly #versions = new Map<string, Map<string, number>>();
  /** Whoever waits looks again. */
  readonly #waiting = new Set<() => void>();
  readonly #patienceMs: number;
  readonly #unsubscribe: () => void;

  constructor(store: Store, endpoints: Pick<EndpointsIndex, 'get'>, patienceMs = defaultPatienceMs) {
    this.#store = store;
    this.#patienceMs = patienceMs;
    this.#endpoints = endpoints;
    this.#unsubscribe = store.subscribe(() => this.#wake());
  }

  /** A node begins a session: what it said in an earlier one may have been of another manager's endpoints. */
  forget(nodeId: string): void {
    this.#versions.delete(nodeId);
  }

  /** A node has these in effect. */
  note(nodeId: string, applied: readonly Applied[]): void {
    const versions = this.#versions.get(nodeId) ?? new Map<string, number>();
    for (const { networkId, version } of applied) versions.set(networkId, version);
    this.#versions.set(nodeId, versions);
    this.#wake();
  }

  /**
   * Resolves when no node that is up leads anybody to the task any more, which has to be on its way out; after 3 s, or when the signal aborts,
   * with the ids of the nodes that may still do.
   */
  async leadAway(task: TaskObject, signal: AbortSignal): Promise<readonly string[]> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#patienceMs)]);
    // That it does not serve any more may be on its way as well.
    await this.#until(() => !this.#isServing(task), limit);
    const places = this.#placesOf(task);
    // Who has followed has done so for good, so that each look is a short one.
    await this.#until(() => {
      while (places.length > 0 && !this.#isLate(places.at(-1))) places.pop();
      return places.length === 0;
    }, limit);
    return [...new Set(places.filter((place) => this.#isLate(place)).map(({ nodeId }) => nodeId))];
  }

  close(): void {
    this.#unsubscribe();
  }

  #isServing({ id, attachments }: TaskObject): boolean {
    return attachments.some(({ networkId }) =>
      this.#endpointsOf(networkId)?.tasks.some(({ taskId, isServing }) => taskId === id && isServing),
    );
  }

  #placesOf({ attachments }: TaskObject): Place[] {
    return attachments.flatMap(({ networkId }) => {
      const { version = 0, nodes = [] } = this.#endpointsOf(networkId) ?? {};
      return nodes.map(({ nodeId }) => ({ networkId, version, nodeId }));
    });
  }

  #isLate(place: Place | undefined): boolean {
    if (place === undefined || this.#store.view.get('node', place.nodeId)?.state === 'down') return false;
    const applied = this.#versions.get(place.nodeId)?.get(place.networkId) ?? -1;
    if (applied >= place.version) return false;
    return this.#endpointsOf(place.networkId)?.nodes.some(({ nodeId }) => nodeId === place.nodeId) ?? false;
  }

  #endpointsOf(networkId: string): ReturnType<EndpointsIndex['get']> {
    const network = this.#store.view.get('network', networkId);
    return network === undefined ? null : this.#endpoints.get(network);
  }

  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    if (condition() || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (condition()) resolve();
    };
    const giveUp = (): void => resolve();
    this.#waiting.add(look);
    signal.addEventListener('abort', giveUp, { once: true });
    await promise;
    this.#waiting.delete(look);
    signal.removeEventListener('abort', giveUp);
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }
}
