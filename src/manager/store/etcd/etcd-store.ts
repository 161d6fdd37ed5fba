import type { WatchEvent } from '../../../rpc/etcd-client.ts';
import type { ContentSeal } from '../../authority/content-seal.ts';
import type { ObjectChange } from '../change.ts';
import type { Leadership, ManagerContact } from '../../leadership/leadership.ts';
import type { StoreIdentity } from '../identity.ts';
import type { StoreView } from '../object-index.ts';
import type { Committed, Staleness, Store, Transaction } from '../store.ts';
import { Candidacy } from './candidacy.ts';
import { EtcdEndpoints, type EtcdAddress } from './endpoints.ts';
import { History } from './history.ts';
import { readIdentity, retireStore } from './identity.ts';
import { Keys } from './keys.ts';
import { EtcdMembers } from './members.ts';
import { createdAt } from './operations.ts';
import { Changes } from '../../../model/changes.ts';
import { readSnapshot } from './snapshot.ts';
import { EtcdState } from './state.ts';
import { StoreWatch } from './store-watch.ts';
import { Transactions, type Fence } from './transactions.ts';
import { Writer } from './writer.ts';

/** How long a write waits for etcd: longer than an election there. While etcd is known to be gone, one round over its members is enough. */
const patienceMs = 5000;

export interface EtcdStoreOptions extends EtcdAddress {
  /** Begins every key, so that several clusters may share an etcd. */
  readonly prefix: string;
  readonly seal: ContentSeal;
  /** Stands for election as this manager, and writes only while it leads. Null: writes only while nobody leads. */
  readonly candidate: ManagerContact | null;
  /** How long a leader that is silent still counts. Default 2 s. */
  readonly leaseSeconds?: number;
  /** For a store that is made: the one whose place it takes. */
  readonly identity?: StoreIdentity;
  /** How much history etcd keeps for managers that have missed something. Default 10,000 revisions. */
  readonly keptRevisions?: number;
  readonly now?: () => Date;
}

/** The backend for several managers: etcd holds the objects, each manager has them in memory as well, and the leader writes. */
export class EtcdStore implements Store {
  readonly clusterId: string;
  readonly epoch: number;
  /** That of the store whose place it took, to which etcd's own are added. */
  readonly #base: number;
  /** Null for a store that stands for no election. */
  readonly leadership: Leadership | null;
  readonly #etcd: EtcdEndpoints;
  readonly #keys: Keys;
  readonly #state: EtcdState;
  readonly #seal: ContentSeal;
  readonly #candidacy: Candidacy | null;
  readonly #writer: Writer;
  readonly #progress = new Changes();
  readonly #listeners = new Set<(committed: Committed) => void>();
  readonly #closing = new AbortController();
  #staleness: Staleness | null = null;
  #reloads = 0;

  private constructor(options: EtcdStoreOptions, etcd: EtcdEndpoints, keys: Keys, identity: StoreIdentity) {
    this.clusterId = identity.clusterId;
    this.epoch = identity.epoch;
    this.#base = identity.revision;
    this.#etcd = etcd;
    this.#keys = keys;
    this.#seal = options.seal;
    const state = new EtcdState(keys);
    this.#state = state;
    this.#candidacy =
      options.candidate === null
        ? null
        : new Candidacy(
            { etcd, keys, state, progress: this.#progress, settled: () => this.#writer.settled() },
            options.candidate,
            options.leaseSeconds,
          );
    this.leadership = this.#candidacy;
    this.#writer = new Writer({
      state,
      transactions: new Transactions(etcd, keys, state, this.#candidacy ?? nobodyLeads(keys)),
      history: new History(etcd, options.keptRevisions),
      seal: options.seal,
      now: options.now ?? (() => new Date()),
      progress: this.#progress,
      patienceMs: () => (this.#isKnownToBeGone() ? 0 : patienceMs),
      onCommit: (changes) => this.#tell(changes),
      reloads: () => this.#reloads,
      signal: this.#closing.signal,
    });
  }

  /** Reads the store, or makes it where there is none, and follows it from then on. */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const etcd = await EtcdEndpoints.open(options);
    try {
      const keys = new Keys(options.prefix);
      const identity = await readIdentity(etcd, keys, options.seal, options.identity ?? null);
      const store = new EtcdStore(options, etcd, keys, identity);
      await store.#follow();
      return store;
    } catch (error) {
      etcd.close();
      throw error;
    }
  }

  get revision(): number {
    return this.#base + this.#state.head.revision;
  }

  get view(): StoreView {
    return this.#state.index;
  }

  get staleness(): Staleness | null {
    return this.#staleness;
  }

  update<Result>(plan: (view: StoreView) => Transaction<Result>): Promise<Result> {
    return this.#writer.update(plan);
  }

  subscribe(listener: (committed: Committed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  payloadContent(id: string): Buffer | undefined {
    const sealed = this.#state.sealedContent(id);
    return sealed === undefined ? undefined : this.#seal.open(sealed, id);
  }

  /** The manager that uses it; null while there is none. */
  get leader(): ManagerContact | null {
    return this.#state.leader?.contact ?? null;
  }

  /** Resolves when no manager leads, which the watch tells, or when the signal aborts. */
  async untilUnled(signal: AbortSignal): Promise<void> {
    await this.#progress.until(() => this.#state.leader === null, AbortSignal.any([signal, this.#closing.signal]));
  }

  /** Of the etcd, which may be changed only where it is a managed one. */
  get members(): EtcdMembers {
    return new EtcdMembers(this.#etcd);
  }

  /** Nobody shall open it any more: what counts is elsewhere now. */
  retire(): Promise<void> {
    return retireStore(this.#etcd, this.#keys);
  }

  close(): void {
    this.#listeners.clear();
    this.#closing.abort();
    this.#etcd.close();
  }

  async #follow(): Promise<void> {
    const revision = await this.#load();
    const watch = new StoreWatch(this.#etcd, this.#keys, revision, {
      onEvents: (events) => this.#take(events),
      onLive: () => this.#noteStaleness(null),
      onBroken: () => this.#noteOutage(),
      reload: () => this.#load(),
    });
    void watch.run(this.#closing.signal);
    this.#candidacy?.start();
  }

  /** Reads everything anew; what has changed meanwhile is told as one commit. */
  async #load(): Promise<number> {
    const snapshot = await readSnapshot(this.#etcd, this.#keys);
    this.#reloads++;
    this.#noteProgress(() => this.#tell(this.#state.reset(snapshot)));
    return snapshot.revision;
  }

  #take(events: readonly WatchEvent[]): void {
    this.#noteProgress(() => {
      for (const changes of this.#state.take(events)) this.#tell(changes);
    });
  }

  #noteProgress(advance: () => void): void {
    const { leader } = this.#state;
    advance();
    this.#progress.note();
    if (this.#state.leader !== leader) this.#candidacy?.noteLeader();
  }

  #tell(changes: readonly ObjectChange[]): void {
    if (changes.length > 0) for (const listener of this.#listeners) listener({ changes });
  }

  #noteOutage(): void {
    const { message } = this.#etcd.outage('read the store');
    this.#noteStaleness({ since: this.#staleness?.since ?? new Date(), reason: message });
  }

  #noteStaleness(staleness: Staleness | null): void {
    const isNews = (this.#staleness === null) !== (staleness === null);
    this.#staleness = staleness;
    if (isNews) this.#candidacy?.noteLeader();
  }

  #isKnownToBeGone(): boolean {
    return this.#staleness !== null && Date.now() - this.#staleness.since.getTime() > patienceMs;
  }
}

/** Whoever stands for no election may only write while there is no leader: to fill a store before managers use it. */
function nobodyLeads(keys: Keys): Fence {
  return { compare: () => createdAt(keys.leader, 0) };
}
