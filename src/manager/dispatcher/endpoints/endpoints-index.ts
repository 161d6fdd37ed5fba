import type { EndpointsObject } from '../../../model/endpoints.ts';
import { isEncrypted } from '../../../model/network-options.ts';
import type { ModelObject, NetworkObject, TaskObject } from '../../../model/objects.ts';
import { subjectOf, type ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import type { Store } from '../../store/store.ts';
import { deriveEndpoints, endpointTask } from './derive-endpoints.ts';

interface Entry {
  readonly text: string;
  readonly object: EndpointsObject | null;
}

/**
 * The endpoints of every network, derived when they are asked for and kept until something of them has changed: many nodes ask for the same ones,
 * and most commits change none. Make it before whoever asks subscribes to the store.
 */
export class EndpointsIndex {
  readonly #store: Store;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<string>();
  /** Nodes whose networks the last commit changed. */
  #affected: ReadonlySet<string> = new Set();
  readonly #unsubscribe: () => void;

  constructor(store: Store) {
    this.#store = store;
    this.#unsubscribe = store.subscribe(({ changes }) => this.#note(changes));
  }

  /** The endpoints of the network; the same object for as long as nothing changes, null when its nodes need none. */
  get(network: NetworkObject): EndpointsObject | null {
    const known = this.#entries.get(network.id);
    if (known !== undefined && !this.#dirty.has(network.id)) return known.object;
    this.#dirty.delete(network.id);
    const derived = deriveEndpoints(this.#store.view, network);
    const text = JSON.stringify(derived);
    if (known?.text === text) return known.object;
    const version = (known?.object?.version ?? 0) + 1;
    const object = derived === null ? null : { ...derived, version };
    this.#entries.set(network.id, { text, object });
    return object;
  }

  /** Nodes for which the commit that listeners are being told of may have changed what they have to know. */
  get affected(): ReadonlySet<string> {
    return this.#affected;
  }

  close(): void {
    this.#unsubscribe();
  }

  #note(changes: readonly ObjectChange[]): void {
    const { view } = this.#store;
    const networks = new Set(changes.flatMap((change) => changedNetworks(view, change)));
    const affected = new Set<string>();
    for (const id of networks) {
      this.#dirty.add(id);
      for (const { nodeId } of this.#entries.get(id)?.object?.nodes ?? []) affected.add(nodeId);
      for (const { nodeId } of view.tasksOfNetwork(id)) if (nodeId !== null) affected.add(nodeId);
      if (view.get('network', id) === undefined) this.#forget(id);
    }
    this.#affected = affected;
  }

  #forget(networkId: string): void {
    this.#entries.delete(networkId);
    this.#dirty.delete(networkId);
  }
}

/** Networks whose endpoints the change may concern. Most changes of tasks are of no interest to others. */
function changedNetworks(view: StoreView, { before, after }: ObjectChange): readonly string[] {
  const object = subjectOf({ before, after });
  if (object.kind === 'network') return [object.id];
  if (object.kind === 'cluster') return sameKeys(before, after) ? [] : encryptedNetworks(view);
  if (object.kind === 'node') return sameNode(before, after) ? [] : networksOf(view.tasksOfNode(object.id));
  const tasks = [before, after].filter((one) => one?.kind === 'task');
  return networksOf(tasks).filter((id) => textOf(view, id, before) !== textOf(view, id, after));
}

function sameNode(before: ModelObject | null, after: ModelObject | null): boolean {
  if (before?.kind !== 'node' || after?.kind !== 'node') return false;
  const compared = ['state', 'address', 'tunnelNumber', 'tunnelKey', 'tunnelPort'] as const;
  return compared.every((key) => before[key] === after[key]);
}

function sameKeys(before: ModelObject | null, after: ModelObject | null): boolean {
  if (before?.kind !== 'cluster' || after?.kind !== 'cluster') return false;
  return before.tunnelKeys.generation === after.tunnelKeys.generation;
}

function encryptedNetworks(view: StoreView): readonly string[] {
  return view.all('network').flatMap(({ id, spec }) => (isEncrypted(spec) ? [id] : []));
}

function networksOf(tasks: readonly TaskObject[]): readonly string[] {
  return [...new Set(tasks.flatMap(({ attachments }) => attachments.map(({ networkId }) => networkId)))];
}

function textOf(view: StoreView, networkId: string, task: ModelObject | null): string {
  return task?.kind === 'task' ? JSON.stringify(endpointTask(view, networkId, task)) : 'null';
}
