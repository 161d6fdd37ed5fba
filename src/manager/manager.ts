import { join } from 'node:path';
import { TsstackError } from '../model/errors.ts';
import type { NodeObject } from '../model/objects.ts';
import type { AuthorityHandlers, ControlHandlers, DispatcherHandlers } from '../rpc/service-types.ts';
import { networkAddresses } from './allocator/network-addresses.ts';
import { Control } from './api/control.ts';
import { Authority } from './authority/authority.ts';
import { authorityRotation } from './authority/authority-rotation.ts';
import { findCluster, managerAddresses, readSecrets } from './authority/cluster-object.ts';
import { removedError } from './authority/removed-error.ts';
import { ContentSeal, loadSealKey, sealKeyPath } from './authority/content-seal.ts';
import { Dispatcher } from './dispatcher/dispatcher.ts';
import { EventLog } from './events/event-log.ts';
import { forgetImages } from './images/forget-images.ts';
import { LeaderTerm } from './leadership/leader-term.ts';
import type { Leadership, ManagerContact } from './leadership/leadership.ts';
import { watchLeader } from './leadership/watch-leader.ts';
import { serveForAll, type ManagerPeers, type Services } from './leadership/several-managers.ts';
import { ReconcileLoop, type Reconciler, type TimedReconciler } from './loops/reconcile-loop.ts';
import { dependencies } from './orchestrators/dependencies/dependencies.ts';
import { constraintEnforcer } from './orchestrators/constraint-enforcer/constraint-enforcer.ts';
import { nodeLoss } from './orchestrators/node-loss/node-loss.ts';
import { rebalance } from './orchestrators/rebalance/rebalance.ts';
import { reaper } from './orchestrators/reaper/reaper.ts';
import { global } from './orchestrators/global/global.ts';
import { job } from './orchestrators/job/job.ts';
import { restart } from './orchestrators/restart/restart.ts';
import { schedule } from './orchestrators/schedule/schedule.ts';
import { update } from './orchestrators/update/update.ts';
import { allocateAndSchedule } from './scheduler/allocate-and-schedule.ts';
import { MemberKeeper } from './members/member-keeper.ts';
import { AddressWatch } from './nodes/address-watch.ts';
import type { EtcdMembers } from './store/etcd/members.ts';
import { NotLeaderError } from './store/errors.ts';
import { openStore, type OpenedStore } from './store/open-store.ts';
import type { StoreSetting } from './store/store-setting.ts';
import type { Store } from './store/store.ts';
import { tunnelKeyRotation } from './tunnels/tunnel-key-rotation.ts';

export interface ManagerOptions {
  /** The manager keeps its store and key in `manager/` below it. */
  readonly dataRoot: string;
  readonly runRoot: string;
  /** Id of this host's node; null on a lone host, whose only node it is. */
  readonly ownNodeId?: () => string | null;
  /** Of this program, for GetInfo. */
  readonly version: string;
  /** Destinations of this host's routes as they are now; without it, new networks avoid those that agents have told of at the beginning of their sessions. */
  readonly readRoutes?: () => readonly string[];
  /** Where the objects are; the embedded store unless told otherwise. */
  readonly store?: StoreSetting;
  /** The other managers, where there may be some. */
  readonly peers?: ManagerPeers;
  /** A second manager wants to join while the store is for one: what to tell it. */
  readonly makeRoom?: () => Error;
  /** The key of the store where that is locked on the disk; else it is in `manager/seal.key`. */
  readonly sealKey?: Buffer;
  /** Told of failures that no caller waits for. */
  readonly onError: (error: unknown) => void;
}

/** The manager role of a daemon. Serve `control` and `dispatcher` with src/rpc/server.ts. */
export class Manager {
  readonly dispatcher: DispatcherHandlers;
  readonly store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #events: EventLog;
  /** Null where there can be only one manager. */
  readonly leadership: Leadership | null;
  /** Of a managed etcd; null elsewhere. */
  readonly members: EtcdMembers | null;
  readonly #services: Services;
  readonly #onError: (error: unknown) => void;
  #term: LeaderTerm | null = null;
  #unfollow: () => void = () => undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: ManagerOptions, key: Buffer, seal: ContentSeal, opened: OpenedStore) {
    const { version, dataRoot, runRoot, onError, ownNodeId = () => null, peers, makeRoom = noRoom } = options;
    const { readRoutes = () => null } = options;
    const { store, leadership, members } = opened;
    this.store = store;
    this.leadership = leadership;
    this.members = members;
    this.#onError = onError;
    this.#events = new EventLog(store);
    this.#dispatcher = new Dispatcher({
      store,
      onError,
      ownNodeId,
      admit: () => this.#admitAgents(),
      leaders: (signal) => this.#watchLeader(signal),
      onLate: (task, nodes) => this.#events.note(task, 'late_nodes', { nodes: nodes.join(', ') }),
    });
    this.dispatcher = this.#dispatcher;
    const daemon = { version, dataRoot, runRoot, pid: process.pid, startedAtMs: Date.now() };
    const dispatcher = this.#dispatcher;
    const isManaged = members !== null;
    const events = this.#events;
    const leader = (): string | null => leadership?.leader?.address ?? null;
    const control = new Control({ store, seal, dispatcher, events, daemon, ownNodeId, readRoutes, isManaged, leader });
    const access = leadership === null ? null : { setting: JSON.stringify(options.store), sealKey: key };
    const own = { control, authority: new Authority(store, { access, members, makeRoom, now: () => new Date() }) };
    this.#services = leadership === null || peers === undefined ? own : serveForAll(own, store, leadership, peers);
  }

  /** Opens the store and, where it is this manager's to do so, begins to act on it; what a crash left half done is carried on. */
  static async start(options: ManagerOptions): Promise<Manager> {
    const directory = join(options.dataRoot, 'manager');
    const key = options.sealKey ?? loadSealKey(sealKeyPath(directory));
    const seal = new ContentSeal(key);
    const { store: setting = { type: 'sqlite' }, peers } = options;
    const opened = await openStore({ directory, setting, seal, self: peers?.self ?? nobodyElse });
    const manager = new Manager(options, key, seal, opened);
    await manager.#begin();
    return manager;
  }

  get control(): ControlHandlers {
    return this.#services.control;
  }

  get authority(): AuthorityHandlers {
    return this.#services.authority;
  }

  /** The role of a node by now, whatever its certificate says; throws when it is none any more. */
  roleOf(nodeId: string): NodeObject['role'] | null {
    if (findCluster(this.store.view)?.removedNodes[nodeId] !== undefined) throw removedError();
    return this.store.view.get('node', nodeId)?.role ?? null;
  }

  /** Lets another manager lead for the next seconds, if there is one. */
  async handOver(): Promise<void> {
    if (managerAddresses(this.store.view).length > 1) await this.leadership?.handOver();
  }

  /** Ends sessions and loops and closes the store; another manager takes over at once. Idempotent. Stop the server first, so that no call comes in between. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#unfollow();
    await this.#endTerm();
    await this.leadership?.resign();
    this.#dispatcher.stop();
    this.#events.stop();
    this.store.close();
  }

  async #begin(): Promise<void> {
    const { leadership } = this;
    if (leadership === null) return (this.#term = this.#newTerm()).begin();
    this.#unfollow = leadership.subscribe(() => this.#follow(leadership));
    this.#follow(leadership);
  }

  /** Begins or ends a term, as this manager leads or does not. */
  #follow({ isLeader }: Leadership): void {
    if (isLeader && this.#term === null) {
      this.#term = this.#newTerm();
      this.#term.beginInTheEnd(this.#onError).catch(this.#onError);
    } else if (!isLeader && this.#term !== null) this.#endTerm().catch(this.#onError);
  }

  async #endTerm(): Promise<void> {
    const term = this.#term;
    this.#term = null;
    await term?.end();
  }

  #newTerm(): LeaderTerm {
    const { store } = this;
    const loop = <Key>(reconciler: Reconciler<Key> | TimedReconciler<Key>): ReconcileLoop<Key> =>
      new ReconcileLoop(store, reconciler, this.#onError);
    return new LeaderTerm({
      dispatcher: this.#dispatcher,
      loops: [
        loop(dependencies),
        loop(update),
        loop(rebalance),
        loop(global),
        loop(job),
        loop(schedule),
        loop(restart),
        loop(authorityRotation),
        loop(tunnelKeyRotation(() => readSecrets(this.store))),
        loop(reaper),
        loop(forgetImages),
        loop(nodeLoss),
        loop(constraintEnforcer),
        loop(allocateAndSchedule),
        loop(networkAddresses),
        new AddressWatch(store, this.#onError),
        ...(this.members === null ? [] : [new MemberKeeper(store, this.members, this.#onError)]),
      ],
    });
  }

  #watchLeader(signal: AbortSignal): AsyncIterable<string> {
    if (this.leadership !== null) return watchLeader(this.leadership, this.store, signal);
    throw new TsstackError('unsupported', 'say who leads: this manager is the only one');
  }

  /** Agents are for the leader, once it has looked at its nodes. */
  async #admitAgents(): Promise<void> {
    if (this.#term === null) throw new NotLeaderError(this.leadership?.leader ?? null);
    await this.#term.begin();
  }
}

/** Of a manager that others do not reach. */
const nobodyElse: ManagerContact = { name: 'this host', address: '' };

/** Of a manager that cannot move its store by itself. */
function noRoom(): TsstackError {
  return new TsstackError('unsupported', 'join as a manager: the store of this cluster is for one manager', {
    hint: 'move it first, on the manager: `tsstack cluster migrate --to etcd`',
  });
}
