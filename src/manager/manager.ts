import { join } from 'node:path';
import type { AuthorityHandlers, ControlHandlers, DispatcherHandlers } from '../rpc/service-types.ts';
import { allocator } from './allocator/allocator.ts';
import { networkAddresses } from './allocator/network-addresses.ts';
import { Control } from './api/control.ts';
import { Authority } from './authority/authority.ts';
import { findCluster } from './authority/cluster-object.ts';
import { removedError } from './authority/removed-error.ts';
import { ContentSeal, loadSealKey } from './authority/content-seal.ts';
import { Dispatcher } from './dispatcher/dispatcher.ts';
import { EventLog } from './events/event-log.ts';
import { ReconcileLoop } from './loops/reconcile-loop.ts';
import { dependencies } from './orchestrators/dependencies/dependencies.ts';
import { nodeLoss } from './orchestrators/node-loss/node-loss.ts';
import { reaper } from './orchestrators/reaper/reaper.ts';
import { update } from './orchestrators/update/update.ts';
import { scheduler } from './scheduler/scheduler.ts';
import type { Store } from './store/store.ts';
import { SqliteStore } from './store/sqlite/sqlite-store.ts';

export interface ManagerOptions {
  /** The manager keeps its store and key in `manager/` below it. */
  readonly dataRoot: string;
  readonly runRoot: string;
  /** Id of this host's node; null on a lone host, whose only node it is. */
  readonly ownNodeId?: () => string | null;
  /** Of this program, for GetInfo. */
  readonly version: string;
  /** Told of failures that no caller waits for. */
  readonly onError: (error: unknown) => void;
}

/** The manager role of a daemon. Serve `control` and `dispatcher` with src/rpc/server.ts. */
export class Manager {
  readonly control: ControlHandlers;
  readonly dispatcher: DispatcherHandlers;
  readonly authority: AuthorityHandlers;
  readonly store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #events: EventLog;
  readonly #loops: readonly { run(): void; stop(): Promise<void> }[];
  #stopping: Promise<void> | undefined;

  private constructor(options: ManagerOptions) {
    const directory = join(options.dataRoot, 'manager');
    const seal = new ContentSeal(loadSealKey(join(directory, 'seal.key')));
    const store = new SqliteStore(join(directory, 'store.db'), seal);
    this.store = store;
    this.authority = new Authority(store);
    this.#events = new EventLog(store);
    this.#dispatcher = new Dispatcher(store, options.onError);
    this.dispatcher = this.#dispatcher;
    const { version, dataRoot, runRoot, onError, ownNodeId = () => null } = options;
    const daemon = { version, dataRoot, runRoot, pid: process.pid, startedAtMs: Date.now() };
    const dispatcher = this.#dispatcher;
    this.control = new Control({ store, seal, dispatcher, events: this.#events, daemon, ownNodeId });
    this.#loops = [
      new ReconcileLoop(store, dependencies, onError),
      new ReconcileLoop(store, update, onError),
      new ReconcileLoop(store, reaper, onError),
      new ReconcileLoop(store, nodeLoss, onError),
      new ReconcileLoop(store, allocator, onError),
      new ReconcileLoop(store, networkAddresses, onError),
      new ReconcileLoop(store, scheduler, onError),
    ];
  }

  /** Opens the store and begins to act on it; what a crash left half done is carried on. */
  static async start(options: ManagerOptions): Promise<Manager> {
    const manager = new Manager(options);
    await manager.#dispatcher.start();
    for (const loop of manager.#loops) loop.run();
    return manager;
  }

  /** Throws when a node with a good certificate is none any more. */
  checkNode(nodeId: string): void {
    if (findCluster(this.store.view)?.removedNodes[nodeId] !== undefined) throw removedError();
  }

  /** Ends sessions and loops and closes the store. Idempotent. Stop the server first, so that no call comes in between. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#dispatcher.stop();
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    this.#events.stop();
    this.store.close();
  }
}
