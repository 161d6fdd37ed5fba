import { X509Certificate } from 'node:crypto';
import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { delay } from '../../../agents/host/abortable.ts';
import { TsstackError } from '../../model/errors.ts';
import { authorityMethods, controlMethods, dispatcherMethods } from '../../rpc/generated/contract.ts';
import type { ClusterFacts, ClusterStatus, GetInfoResponse } from '../../rpc/messages.ts';
import { connectDispatcherOf, trustOf, type Trust } from '../../rpc/secure-client.ts';
import type {
  AuthorityHandlers,
  ControlHandlers,
  DispatcherClient,
  DispatcherHandlers,
} from '../../rpc/service-types.ts';
import { askLeader } from '../cluster/ask-managers.ts';
import type { CertificateKeeper } from '../cluster/certificate-keeper.ts';
import type { Membership } from '../cluster/cluster-files.ts';
import { addressTowards } from '../cluster/local-address.ts';
import { keepCertificate } from '../cluster/keep-certificate.ts';
import { ManagerList } from '../cluster/manager-list.ts';
import { preferNewLeader } from '../cluster/prefer-new-leader.ts';
import { refuseAll } from './delegate.ts';
import { hostInfo } from './host-info.ts';
import type { Role, RoleContext } from './role.ts';

/** A host that does what managers elsewhere want. */
export class WorkerRole implements Role {
  readonly control: ControlHandlers;
  readonly dispatcher: DispatcherHandlers;
  readonly authority: AuthorityHandlers;
  readonly managers: ManagerAccess;
  readonly #context: RoleContext;
  #membership: Membership;
  readonly #list: ManagerList;
  readonly #keeper: CertificateKeeper;
  readonly #over = new AbortController();
  /** Why there is no session; null when one stands. */
  #problem: string | null = 'connecting to a manager';
  readonly #sessions = new EventTarget();
  /** The first attempt is over. */
  readonly #contact = new AbortController();

  constructor(context: RoleContext, membership: Membership) {
    this.#context = context;
    this.#membership = membership;
    this.#list = new ManagerList(membership.managers);
    this.#keeper = keepCertificate(context, membership, {
      renew: (certificateRequest, trust) =>
        askLeader(this.#list.addresses, trust, (client) => client.renew({ certificateRequest })),
      onRenewed: () => undefined, // each connection asks for it
    });
    const refusal = (): TsstackError => this.#refusal();
    const { clusterId } = membership;
    const getInfo = (): Promise<GetInfoResponse> => hostInfo(context, { role: 'worker', clusterId });
    this.control = { ...refuseAll(controlMethods, refusal), getInfo };
    this.dispatcher = refuseAll(dispatcherMethods, refusal);
    this.authority = refuseAll(authorityMethods, refusal);
    this.managers = {
      connect: (signal) => this.#connect(signal),
      address: () => this.#membership.address,
      onCluster: (facts) => this.#onCluster(facts),
      goTo: (manager) => this.#list.prefer(manager),
      newLeader: (signal) => preferNewLeader(this.#list, () => this.trust, signal),
      onSession: (problem) => this.#onSession(problem),
    };
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** With what this node goes to managers. */
  get trust(): Trust {
    return trustOf(this.#keeper.identity);
  }

  /** Resolves when the first attempt to reach a manager is over, or after that time. */
  async contact(withinMs: number): Promise<void> {
    await delay(withinMs, this.#contact.signal);
  }

  /** Managers, of which one leads. */
  get leaders(): readonly string[] {
    return this.#list.addresses;
  }

  get status(): ClusterStatus {
    const { clusterId, nodeId, address } = this.#membership;
    return {
      role: 'worker',
      clusterId,
      nodeId,
      address,
      managers: this.#list.addresses,
      certificateExpiresMs: new X509Certificate(this.#keeper.identity.chain).validToDate.getTime(),
      problem: this.#problem ?? '',
      outdatedNodes: [],
      store: '',
      leader: '',
      storeMembers: [],
    };
  }

  /** Resolves when the agent has a session, or after that time; to the problem that there is then, or null. */
  async session(withinMs: number): Promise<string | null> {
    if (this.#problem === null) return null;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#sessions.addEventListener('session', () => (clearTimeout(timer), resolve()), { once: true });
    });
    return this.#problem;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    this.#keeper.stop();
  }

  async #connect(signal: AbortSignal): Promise<DispatcherClient> {
    const manager = this.#list.next();
    const client = await connectDispatcherOf(manager, this.trust, { signal });
    if (this.#membership.isAddressFound === true) this.#useAddress(await addressTowards(manager.host));
    return client;
  }

  /** A host may get another address (DHCP): peers hear of it with the session. */
  #useAddress(address: string | undefined): void {
    if (address === undefined || address === this.#membership.address) return;
    this.#context.log(`this host is at ${address} now, no more at ${this.#membership.address}`);
    this.#membership = { ...this.#membership, address };
    this.#context.files.writeMembership(this.#membership);
  }

  #onSession(problem: string | null): void {
    this.#problem = problem;
    this.#contact.abort();
    if (problem === null) this.#sessions.dispatchEvent(new Event('session'));
  }

  #onCluster(facts: ClusterFacts): void {
    const { managers, authorities } = facts;
    if (managers.join() !== this.#list.addresses.join()) {
      this.#list.replace(managers);
      this.#membership = { ...this.#membership, managers: this.#list.addresses };
      this.#context.files.writeMembership(this.#membership);
    }
    this.#keeper.useAuthorities(authorities);
    this.#context.takeRole(facts);
  }

  #refusal(): TsstackError {
    return new TsstackError('unsupported', 'this host is a worker of a cluster: commands are for its managers', {
      hint: `run it on a manager: ${this.#list.addresses.join(', ')}`,
    });
  }
}
