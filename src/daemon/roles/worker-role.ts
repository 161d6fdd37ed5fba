import { X509Certificate } from 'node:crypto';
import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { TsstackError } from '../../model/errors.ts';
import type { HostPort } from '../../model/host-port.ts';
import { authorityMethods, controlMethods, dispatcherMethods } from '../../rpc/generated/contract.ts';
import type { ClusterFacts, ClusterStatus, GetInfoResponse, IssuedCertificate } from '../../rpc/messages.ts';
import { connectAuthorityOf, connectDispatcherOf, type Trust } from '../../rpc/secure-client.ts';
import type { AuthorityHandlers, ControlHandlers, DispatcherHandlers } from '../../rpc/service-types.ts';
import { CertificateKeeper } from '../cluster/certificate-keeper.ts';
import type { Membership } from '../cluster/cluster-files.ts';
import { ManagerList } from '../cluster/manager-list.ts';
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
  readonly #membership: Membership;
  readonly #list: ManagerList;
  readonly #keeper: CertificateKeeper;
  readonly #over = new AbortController();
  /** Why there is no session; null when one stands. */
  #problem: string | null = 'no manager has been reached yet';
  readonly #sessions = new EventTarget();

  constructor(context: RoleContext, membership: Membership) {
    this.#context = context;
    this.#membership = membership;
    this.#list = new ManagerList(membership.managers);
    this.#keeper = new CertificateKeeper({
      identity: context.files.readIdentity(membership),
      renew: (request) => this.#renew(request),
      onRenewed: (renewed) => context.files.writeIdentity(renewed.key, renewed),
      log: context.log,
    });
    const refusal = (): TsstackError => this.#refusal();
    const { clusterId } = membership;
    const getInfo = (): Promise<GetInfoResponse> => hostInfo(context, { role: 'worker', clusterId });
    this.control = { ...refuseAll(controlMethods, refusal), getInfo };
    this.dispatcher = refuseAll(dispatcherMethods, refusal);
    this.authority = refuseAll(authorityMethods, refusal);
    this.managers = {
      connect: (signal) => connectDispatcherOf(this.#list.next(), this.trust, { signal }),
      address: membership.address,
      onCluster: (facts) => this.#onCluster(facts),
      onSession: (problem) => this.#onSession(problem),
    };
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** With what this node goes to managers. */
  get trust(): Trust {
    const { identity } = this.#keeper;
    return { authorities: identity.authorities, identity };
  }

  /** One of them, to be asked something. */
  someManager(): HostPort {
    return this.#list.next();
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

  #onSession(problem: string | null): void {
    this.#problem = problem;
    if (problem === null) this.#sessions.dispatchEvent(new Event('session'));
  }

  #onCluster({ managers, authorities }: ClusterFacts): void {
    if (managers.join() !== this.#list.addresses.join()) {
      this.#list.replace(managers);
      this.#context.files.writeMembership({ ...this.#membership, managers: this.#list.addresses });
    }
    this.#keeper.useAuthorities(authorities);
  }

  async #renew(certificateRequest: string): Promise<IssuedCertificate> {
    const client = await connectAuthorityOf(this.#list.next(), this.trust);
    try {
      return await client.renew({ certificateRequest });
    } finally {
      client.close();
    }
  }

  #refusal(): TsstackError {
    return new TsstackError('unsupported', 'this host is a worker of a cluster: commands are for its managers', {
      hint: `run it on a manager: ${this.#list.addresses.join(', ')}`,
    });
  }
}
