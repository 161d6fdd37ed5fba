import { readRoutes } from '../../../agents/host/facts/routes.ts';
import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { outdatedNodes } from '../../manager/authority/authority-rotation.ts';
import { watchLeader } from '../../manager/leadership/watch-leader.ts';
import { Manager } from '../../manager/manager.ts';
import { managerAddresses } from '../../manager/authority/cluster-object.ts';
import { formatStoreUrl } from '../../manager/store/store-setting.ts';
import { TsstackError } from '../../model/errors.ts';
import { newerStoreProblem } from '../../model/newer-store.ts';
import { connectDispatcher } from '../../rpc/client.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';
import type { ClusterFacts, ClusterStatus, TakeRoleRequest, TakeRoleResponse } from '../../rpc/messages.ts';
import { connectDispatcherOf, trustOf, type Trust } from '../../rpc/secure-client.ts';
import type {
  AuthorityHandlers,
  ControlHandlers,
  DispatcherClient,
  DispatcherHandlers,
} from '../../rpc/service-types.ts';
import { isOwnAddress } from '../cluster/local-address.ts';
import type { ManagerListener } from '../cluster/manager-listener.ts';
import type { Membership } from '../cluster/cluster-files.ts';
import { fitHeapTo } from '../heap-mode.ts';
import { readStoreSetting } from '../store-file.ts';
import { addressOf, peersOf } from './manager-peers.ts';
import { OtherManagers } from './other-managers.ts';
import type { Role, RoleContext } from './role.ts';

/** A host that is alone, or a manager of a cluster: then it listens to others, too. */
export class ManagerRole implements Role {
  readonly manager: Manager;
  readonly #context: RoleContext;
  readonly #over = new AbortController();
  #membership: Membership | null;
  /** For the agent, while the store of this host is out of reach. */
  #others: OtherManagers;
  #listener: ManagerListener | null = null;
  #problem = '';
  /** Why the agent of this host has no session. */
  #refusal = '';
  /** The manager that the agent of this host was led to last. */
  #ledTo = '';

  private constructor(context: RoleContext, manager: Manager, membership: Membership | null) {
    this.#context = context;
    this.manager = manager;
    this.#membership = membership;
    this.#others = new OtherManagers(context, membership);
  }

  static async start(context: RoleContext, membership: Membership | null): Promise<ManagerRole> {
    const { options, version, onError, makeRoom } = context;
    const { dataRoot, runRoot } = options;
    const ownNodeId = (): string | null => role.membership?.nodeId ?? null;
    const store = readStoreSetting(dataRoot);
    const several = membership === null ? {} : { peers: peersOf(membership, () => role.trust) };
    const sealKey = context.sealLock.key === null ? {} : { sealKey: context.sealLock.key };
    const manager = await Manager.start({
      ...sealKey,
      dataRoot,
      runRoot,
      version,
      onError,
      ownNodeId,
      readRoutes,
      store,
      makeRoom,
      ...several,
    });
    fitHeapTo(manager.store);
    const role = new ManagerRole(context, manager, membership);
    context.etcd.onRestart(() => manager.handOver());
    if (membership !== null) await role.#tryListen(membership);
    return role;
  }

  get control(): ControlHandlers {
    return this.manager.control;
  }

  get dispatcher(): DispatcherHandlers {
    return this.manager.dispatcher;
  }

  get authority(): AuthorityHandlers {
    return this.manager.authority;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Null on a host that is alone. */
  get membership(): Membership | null {
    return this.#membership;
  }

  get managers(): ManagerAccess {
    return {
      connect: (signal) => this.#connectToLeader(signal),
      address: () => this.#membership?.address ?? '',
      onCluster: (facts) => this.#onCluster(facts),
      goTo: (manager) => this.#others.goTo(manager),
      newLeader: (signal) => this.#newLeader(signal),
      onSession: (problem) => (this.#refusal = problem ?? ''),
    };
  }

  get status(): ClusterStatus {
    const { nodeId = '', address = '' } = this.#membership ?? {};
    const { store, leadership } = this.manager;
    return {
      role: this.#membership === null ? 'lone' : 'manager',
      clusterId: store.clusterId,
      nodeId,
      address,
      managers: this.#membership === null ? [] : managerAddresses(store.view),
      certificateExpiresMs: this.#listener?.certificateExpiresMs ?? 0,
      problem:
        this.#problem ||
        this.#staleReason ||
        this.#addressProblem ||
        newerStoreProblem(store.view.all('node')) ||
        this.#refusal,
      store: formatStoreUrl(readStoreSetting(this.#context.options.dataRoot)),
      leader: leadership?.leader?.address ?? '',
      storeMembers: [],
      outdatedNodes: outdatedNodes(this.manager.store.view).map(({ hostname }) => hostname),
    };
  }

  /** Why this manager may not know the latest; the own etcd may say more than that it does not answer. */
  get #staleReason(): string {
    const { staleness } = this.manager.store;
    if (staleness === null) return '';
    const { problem } = this.#context.etcd;
    return problem === '' ? staleness.reason : `${staleness.reason}; etcd of this host: ${problem}`;
  }

  /** Workers look for a manager where it was: that it is elsewhere by now is for people to say. */
  get #addressProblem(): string {
    const { address, isAddressFound = false } = this.#membership ?? { address: '' };
    if (!isAddressFound || isOwnAddress(address)) return '';
    return `${address} is no address of this host any more: \`tsstack cluster address ADDRESS\` names the new one`;
  }

  /** With what this manager goes to others. */
  get trust(): Trust & { readonly identity: TlsIdentity } {
    const identity = this.#listener?.identity;
    if (identity !== undefined) return trustOf(identity);
    throw new TsstackError('unavailable', `this manager has no certificate yet: ${this.#problem}`, { retryable: true });
  }

  /** The managers, first the one that leads, as far as is known. */
  get leaders(): readonly string[] {
    const { store, leadership } = this.manager;
    return [...new Set([leadership?.leader?.address ?? '', ...managerAddresses(store.view)])].filter(Boolean);
  }

  /** Whether this manager decides, and nobody else. */
  get isActing(): boolean {
    return this.manager.leadership?.isLeader ?? true;
  }

  /** Asks itself for what this node is to be. */
  takeOwnRole(request: TakeRoleRequest): Promise<TakeRoleResponse> {
    const { nodeId, clusterId } = this.trust.identity;
    const peer = { kind: 'node', nodeId, role: 'manager', clusterId } as const;
    return this.manager.authority.takeRole(request, { peer, signal: this.over });
  }

  /** Begins to listen to other hosts. Containers and the agent of this host go on. */
  async listen(membership: Membership): Promise<void> {
    const { ManagerListener } = await import('../cluster/manager-listener.ts');
    this.#listener = await ManagerListener.start(this.#context, this.manager, membership);
    this.#setMembership(membership);
  }

  /** Renews the certificate of this manager now. */
  async renewCertificate(): Promise<void> {
    await this.#listener?.renew();
  }

  /** The host is alone again. */
  async unlisten(): Promise<void> {
    await this.#listener?.stop();
    this.#listener = null;
    this.#setMembership(null);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    this.#context.etcd.onRestart(() => Promise.resolve());
    await this.#listener?.stop();
    await this.manager.stop();
  }

  #onCluster(facts: ClusterFacts): void {
    this.#listener?.useAuthorities(facts.authorities);
    const { managers } = facts;
    if (this.#membership !== null && managers.length > 0 && managers.join() !== this.#membership.managers.join()) {
      this.#setMembership({ ...this.#membership, managers });
      // So that it finds the others when its own store does not answer as it starts.
      this.#context.files.writeMembership(this.#membership);
    }
    this.#context.takeRole(facts);
  }

  #setMembership(membership: Membership | null): void {
    this.#membership = membership;
    this.#others = new OtherManagers(this.#context, membership);
  }

  /** The agent of this host is for the leader like all others. */
  #connectToLeader(signal: AbortSignal): Promise<DispatcherClient> {
    const { leadership, store } = this.manager;
    // The store of this host may be out of reach while the others go on.
    const stale = store.staleness;
    if (stale !== null) {
      const problem = (): Error => new TsstackError('unavailable', stale.reason, { retryable: true });
      return this.#others.connect(problem, signal);
    }
    const leader = leadership?.leader ?? null;
    this.#ledTo = leader?.address ?? '';
    const isHere = leadership === null || leadership.isLeader || leader?.address === this.#membership?.managerAddress;
    if (isHere || leader === null) return connectDispatcher(this.#context.localAddress(), { signal });
    return connectDispatcherOf(addressOf(leader), this.trust, { signal });
  }

  /** The store tells who leads, unless it is out of reach: then the other managers do. */
  async #newLeader(signal: AbortSignal): Promise<void> {
    const { leadership, store } = this.manager;
    if (leadership === null) throw new TsstackError('unsupported', 'this manager is the only one');
    const leaders = watchLeader(leadership, store, signal);
    try {
      for await (const address of leaders) if (address !== '' && address !== this.#ledTo) return;
    } catch (error) {
      if (store.staleness === null) throw error;
      await this.#others.newLeader(signal);
    }
  }

  /** A host whose port is taken is of use to itself all the same. */
  async #tryListen(membership: Membership): Promise<void> {
    try {
      await this.listen(membership);
    } catch (error) {
      this.#setMembership(membership);
      this.#problem = error instanceof Error ? error.message : String(error);
      this.#context.log(`this manager cannot be reached by others: ${this.#problem}`);
    }
  }
}
