import { abortable } from '../../agents/host/abortable.ts';
import { awaitOwnNode } from '../manager/api/await-own-node.ts';
import { lockedError } from '../manager/authority/content-seal.ts';
import { addressWarnings } from '../manager/authority/probe-address.ts';
import type { StoreView } from '../manager/store/object-index.ts';
import { TsstackError } from '../model/errors.ts';
import type { NodeObject } from '../model/objects.ts';
import type {
  ClusterFacts,
  ClusterStatus,
  InitClusterRequest,
  InitClusterResponse,
  JoinClusterRequest,
  JoinClusterResponse,
  LeaveClusterRequest,
  LeaveClusterResponse,
  SetAddressRequest,
  SetAddressResponse,
  RecoverStoreResponse,
  SetAutolockRequest,
  SetAutolockResponse,
  UnlockRequest,
  UnlockResponse,
  MigrateStoreRequest,
  MigrateStoreResponse,
} from '../rpc/messages.ts';
import type { HostHandlers } from '../rpc/service-types.ts';
import type { Membership } from './cluster/cluster-files.ts';
import { isOtherwise } from './cluster/is-otherwise.ts';
import { ManagerRole } from './roles/manager-role.ts';
import type { Role, RoleContext } from './roles/role.ts';
import { WaitingRole } from './roles/waiting-role.ts';
import { WorkerRole } from './roles/worker-role.ts';

/** Time that `cluster status` gives a worker for its first attempt to reach a manager, which has a deadline of 5 s. */
const firstContactMs = 6000;

/** Time that `cluster status` gives a change of the role that is under way. */
const changeMs = 10_000;

/** Time that a new worker gets for its first session. */
const firstSessionMs = 10_000;

/** Time that a new manager gets until its store answers: the others take its etcd in one after the other. */
const firstStoreMs = 30_000;

/** The daemon as this service sees it. */
export interface RoleHolder {
  readonly role: Role;
  /** Resolves when the role is not about to change any more. */
  settled(): Promise<void>;
  /** Ends and removes the containers of this host. */
  removeContainers(): Promise<void>;
  /** Ends the role and its agent, lets `change` happen, and begins anew with what the files then say. */
  become(change: () => Promise<void>): Promise<void>;
}

/** The Host service: what the command line asks of the daemon of its own host. One change of the role at a time. */
export class HostService implements HostHandlers {
  readonly #context: RoleContext;
  readonly #holder: RoleHolder;
  #change: Promise<unknown> = Promise.resolve();
  /** The store moves for a second manager. */
  #isMakingRoom = false;
  /** Why it has not; for the next manager that asks. */
  #roomProblem: Error | null = null;
  /** Ends with the change of the role that is under way; null when there is none. */
  #taking: Promise<void> | null = null;

  constructor(context: RoleContext, holder: RoleHolder) {
    this.#context = context;
    this.#holder = holder;
  }

  /** A worker that has just started is about to reach a manager, or to know why not. */
  async getClusterStatus(): Promise<ClusterStatus> {
    // What a host is about to be no more is of no use to anybody.
    if (this.#taking !== null) await abortable(this.#taking, AbortSignal.timeout(changeMs)).catch(() => undefined);
    await this.#holder.settled();
    if (this.#holder.role instanceof WorkerRole) await this.#holder.role.contact(firstContactMs);
    const { status } = this.#holder.role;
    const membership = this.#context.files.readMembership();
    if (membership === null || status.store !== 'etcd') return status;
    return { ...status, storeMembers: await this.#context.etcd.describe(membership) };
  }

  setAddress(request: SetAddressRequest): Promise<SetAddressResponse> {
    return this.#alone(async () => {
      const { setAddress } = await import('./cluster/set-address.ts');
      const { address, managers } = await setAddress(this.#holder, this.#context, request);
      return { address, managers };
    });
  }

  initCluster(request: InitClusterRequest): Promise<InitClusterResponse> {
    return this.#alone(async () => {
      const role = this.#requireLone();
      const { initCluster } = await import('./cluster/init-cluster.ts');
      const membership = await initCluster(role, this.#context.files, await ownNode(role), request);
      const { token } = await role.authority.getJoinToken(...asLocal({ role: 'worker' }));
      const { nodeId, managerAddress, address } = membership;
      return { nodeId, address: managerAddress, token, warnings: [...(await addressWarnings(address))] };
    });
  }

  joinCluster(request: JoinClusterRequest): Promise<JoinClusterResponse> {
    return this.#alone(async () => {
      const role = this.#requireLone();
      const { description } = await ownNode(role);
      checkUnused(role.manager.store.view);
      const { askToJoin } = await import('./cluster/ask-to-join.ts');
      const admission = await askToJoin(request, description);
      const { enterCluster } = await import('./cluster/enter-cluster.ts');
      await this.#holder.become(() => enterCluster(admission, this.#context));
      const warnings = [...admission.warnings, ...(await this.#sessionWarnings())];
      return { nodeId: admission.nodeId, role: admission.role, warnings };
    });
  }

  migrateStore(request: MigrateStoreRequest): Promise<MigrateStoreResponse> {
    return this.#alone(async () => {
      const { moveStore } = await import('./cluster/move-store.ts');
      return { from: await moveStore(this.#holder, this.#context, request) };
    });
  }

  leaveCluster(request: LeaveClusterRequest): Promise<LeaveClusterResponse> {
    return this.#alone(async () => {
      const { checkLeave, hasOtherManagers, leaveAsManager, leaveAsOneOfMany } =
        await import('./cluster/leave-cluster.ts');
      await this.#takeStoreHome((last, membership) => checkLeave(last, membership, request));
      const { role } = this.#holder;
      if (this.#context.sealLock.isClosed) throw lockedError();
      if (
        role instanceof WorkerRole ||
        role instanceof WaitingRole ||
        (role instanceof ManagerRole && hasOtherManagers(role))
      )
        return { warnings: await leaveAsOneOfMany(role, this.#context, this.#holder, request) };
      if (!(role instanceof ManagerRole) || role.membership === null)
        throw new TsstackError('conflict', 'leave the cluster: this host is in none');
      checkLeave(role, role.membership, request);
      return { warnings: await leaveAsManager(role, this.#context.files, role.membership) };
    });
  }

  recoverStore(): Promise<RecoverStoreResponse> {
    return this.#alone(async () => {
      const { recoverStore } = await import('./cluster/recover-store.ts');
      return { removed: await recoverStore(this.#holder, this.#context) };
    });
  }

  setAutolock({ enabled }: SetAutolockRequest): Promise<SetAutolockResponse> {
    return this.#alone(async () => {
      const { role } = this.#holder;
      const { sealLock } = this.#context;
      if (sealLock.isClosed) throw lockedError();
      if (!(role instanceof ManagerRole))
        throw new TsstackError('conflict', 'lock the store: a worker has none', { hint: 'run it on a manager' });
      if (enabled) return { unlockKey: sealLock.close() };
      sealLock.remove();
      return { unlockKey: '' };
    });
  }

  unlock({ unlockKey }: UnlockRequest): Promise<UnlockResponse> {
    return this.#alone(async () => {
      const { sealLock } = this.#context;
      if (!sealLock.isClosed) throw new TsstackError('conflict', 'unlock the store: it is not locked');
      sealLock.open(unlockKey);
      await this.#holder.become(() => Promise.resolve());
      return {};
    });
  }

  /** Moves the store to etcd for a second manager, once; the error is what that one is to be told meanwhile. */
  makeRoom(): Error {
    const problem = this.#roomProblem;
    this.#roomProblem = null;
    if (problem !== null) return problem;
    if (!this.#isMakingRoom) void this.#moveToEtcd();
    return new TsstackError('unavailable', 'join as a manager: the store is moving to etcd, to be for several', {
      retryable: true,
    });
  }

  /** Becomes what the managers want this host to be; what fails is tried again when they say it again. */
  takeRole(facts: ClusterFacts): void {
    const membership = this.#context.files.readMembership();
    if (membership === null || this.#taking !== null || !isOtherwise(facts, membership)) return;
    this.#taking = this.#alone(async () => {
      const { takeRole } = await import('./cluster/take-role.ts');
      await takeRole(this.#holder, this.#context, facts);
    })
      .catch(this.#context.onError)
      .finally(() => (this.#taking = null));
  }

  async #moveToEtcd(): Promise<void> {
    this.#isMakingRoom = true;
    try {
      await this.migrateStore({ to: 'etcd', ca: '', certificate: '', key: '' });
    } catch (error) {
      this.#roomProblem = noRoom(error);
    } finally {
      this.#isMakingRoom = false;
    }
  }

  /** Runs when the change before is over, whatever became of it, also one that the role makes by itself. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const inTurn = async (): Promise<T> => {
      await this.#holder.settled();
      return work();
    };
    const mine = this.#change.then(inTurn, inTurn);
    this.#change = mine.catch(() => undefined);
    return mine;
  }

  #requireLone(): ManagerRole {
    const { role } = this.#holder;
    if (this.#context.sealLock.isClosed) throw lockedError();
    if (role instanceof ManagerRole && role.membership === null) return role;
    throw new TsstackError('exists', `this host is in a cluster already, as a ${role.status.role}`, {
      hint: 'leave it with `tsstack cluster leave`',
    });
  }

  /** The last manager needs no etcd any more, if it may leave. */
  async #takeStoreHome(check: (role: ManagerRole, membership: Membership) => void): Promise<void> {
    const { role } = this.#holder;
    if (!(role instanceof ManagerRole) || role.manager.members === null || role.membership === null) return;
    const { hasOtherManagers } = await import('./cluster/leave-cluster.ts');
    if (hasOtherManagers(role)) return;
    check(role, role.membership);
    const { moveStore } = await import('./cluster/move-store.ts');
    await moveStore(this.#holder, this.#context, { to: 'sqlite', ca: '', certificate: '', key: '' });
  }

  async #sessionWarnings(): Promise<readonly string[]> {
    const { role } = this.#holder;
    if (role instanceof WorkerRole) {
      const problem = await role.session(firstSessionMs);
      return problem === null ? [] : [`this host has joined, but has no session with a manager yet: ${problem}`];
    }
    const problem = role instanceof WaitingRole ? await role.begun(firstStoreMs) : null;
    return problem === null ? [] : [`this host has joined, but its store does not answer yet: ${problem}`];
  }
}

async function ownNode(role: ManagerRole): Promise<NodeObject> {
  const node = await awaitOwnNode(role.manager.store, null);
  if (node !== undefined) return node;
  throw new TsstackError('unavailable', 'the daemon has not found out about this host yet', { retryable: true });
}

/** What runs here would be in nobody's hands. What is only stored is put aside until the host is alone again. */
function checkUnused(view: StoreView): void {
  const stacks = view.all('stack').map(({ name }) => name);
  const owners = new Set([...stacks, ...view.all('task').map(({ stack }) => stack)]);
  if (owners.size === 0) return;
  const names = [...owners].toSorted();
  throw new TsstackError('conflict', `join the cluster: this host has stacks of its own: ${names.join(', ')}`, {
    hint: `take them down first (${names.map((name) => `tsstack -p ${name} down`).join('; ')}): volumes stay, and are there again when the host leaves`,
  });
}

/** A call that this daemon makes itself. */
function asLocal<Request>(request: Request): [Request, { peer: { kind: 'local' }; signal: AbortSignal }] {
  return [request, { peer: { kind: 'local' }, signal: new AbortController().signal }];
}

function noRoom(error: unknown): TsstackError {
  const { message, hint } = error instanceof TsstackError ? error : { message: String(error), hint: undefined };
  return new TsstackError(
    'conflict',
    `join as a manager: the store is for one manager, and its host could not move it to etcd: ${message}`,
    hint === undefined ? {} : { hint },
  );
}
