import PQueue from 'p-queue';
import type { NodeObject } from '../../model/objects.ts';
import { isReachable } from '../authority/probe-address.ts';
import { put, type ObjectChange } from '../store/change.ts';
import type { Committed, Store } from '../store/store.ts';

/** Looks under way at once: each waits 2 s at most, and a cluster that comes up has many. */
const looksAtOnce = 16;

/** Loop of the leader: notes on each node whether anybody answers at the address that it advertises, when that is new, and when the node is back. */
export class AddressWatch {
  readonly #store: Store;
  readonly #onError: (error: unknown) => void;
  readonly #answers: (address: string) => Promise<boolean>;
  readonly #looks = new PQueue({ concurrency: looksAtOnce });
  #unsubscribe: () => void = () => undefined;

  constructor(store: Store, onError: (error: unknown) => void, answers = isReachable) {
    this.#store = store;
    this.#onError = onError;
    this.#answers = answers;
  }

  run(): void {
    this.#unsubscribe = this.#store.subscribe((committed) => this.#follow(committed));
    for (const { id, addressAnswers } of this.#store.view.all('node')) if (!addressAnswers) this.#look(id);
  }

  /** Idempotent; resolves when no look is under way. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#looks.clear();
    await this.#looks.onIdle();
  }

  #follow({ changes }: Committed): void {
    for (const change of changes) if (asksForLook(change)) this.#look(change.after.id);
  }

  #look(nodeId: string): void {
    this.#looks.add(() => this.#note(nodeId)).catch(this.#onError);
  }

  async #note(nodeId: string): Promise<void> {
    const address = this.#store.view.get('node', nodeId)?.address ?? '';
    if (address === '') return;
    const addressAnswers = await this.#answers(address);
    const isNews = (node: NodeObject | undefined): node is NodeObject =>
      node?.address === address && node.addressAnswers !== addressAnswers;
    if (!isNews(this.#store.view.get('node', nodeId))) return;
    await this.#store.update((view) => {
      const node = view.get('node', nodeId);
      return { changes: isNews(node) ? [put({ ...node, addressAnswers })] : [], result: undefined };
    });
  }
}

function asksForLook(change: ObjectChange): change is ObjectChange & { readonly after: NodeObject } {
  const { before, after } = change;
  if (after?.kind !== 'node') return false;
  if (before?.kind !== 'node' || before.address !== after.address) return after.address !== '';
  return !after.addressAnswers && after.state === 'ready' && before.state !== 'ready';
}
