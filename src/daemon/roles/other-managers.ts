import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { TsstackError } from '../../model/errors.ts';
import { connectDispatcherOf, trustOf, type Trust } from '../../rpc/secure-client.ts';
import type { DispatcherClient } from '../../rpc/service-types.ts';
import { askLeader } from '../cluster/ask-managers.ts';
import type { ClusterFiles, Membership } from '../cluster/cluster-files.ts';
import { keepCertificate } from '../cluster/keep-certificate.ts';
import { ManagerList } from '../cluster/manager-list.ts';
import { preferNewLeader } from '../cluster/prefer-new-leader.ts';
import type { RoleContext } from './role.ts';

/** The way of an agent to the other managers, while the one of its host cannot tell it anything. */
export class OtherManagers {
  readonly #files: ClusterFiles;
  readonly #membership: Membership | null;
  readonly #list: ManagerList;

  constructor({ files }: RoleContext, membership: Membership | null) {
    this.#files = files;
    this.#membership = membership;
    const known = membership?.managers ?? [];
    this.#list = new ManagerList(known.filter((address) => address !== membership?.managerAddress));
  }

  get addresses(): readonly string[] {
    return this.#list.addresses;
  }

  /** Rejects with `problem` when there are no others. */
  async connect(problem: () => Error, signal: AbortSignal): Promise<DispatcherClient> {
    if (this.#membership === null || this.#list.addresses.length === 0) throw problem();
    return connectDispatcherOf(this.#list.next(), this.#trustOf(this.#membership), { signal });
  }

  /** See ManagerAccess. */
  async newLeader(signal: AbortSignal): Promise<void> {
    const membership = this.#membership;
    if (membership === null) throw new TsstackError('unavailable', 'this host is in no cluster');
    await preferNewLeader(this.#list, () => this.#trustOf(membership), signal);
  }

  /** See ManagerAccess. */
  goTo(manager: string): boolean {
    return this.#list.prefer(manager);
  }

  #trustOf(membership: Membership): Trust {
    return trustOf(this.#files.readIdentity(membership));
  }
}

/** What a manager that cannot act for now is in its cluster all the same: a node, with its agent and its certificate. */
export interface NodeAmongOthers {
  /** How the agent comes to its assignments. */
  readonly managers: ManagerAccess;
  /** Keeps the certificate no longer. */
  readonly stop: () => void;
}

/** `problem` is what the agent hears when there are no other managers. */
export function beNodeAmongOthers(
  context: RoleContext,
  membership: Membership | null,
  problem: () => Error,
): NodeAmongOthers {
  const others = new OtherManagers(context, membership);
  // A manager may be locked, or without its store, for longer than its certificate is good, or while the authority is replaced.
  const keeper =
    membership === null
      ? null
      : keepCertificate(context, membership, {
          renew: (certificateRequest, trust) =>
            askLeader(others.addresses, trust, (client) => client.renew({ certificateRequest })),
          onRenewed: () => void context.etcd.renewTrust(0).catch(context.onError),
        });
  const managers: ManagerAccess = {
    connect: (signal) => others.connect(problem, signal),
    address: () => membership?.address ?? '',
    onCluster: (facts) => {
      keeper?.useAuthorities(facts.authorities);
      context.takeRole(facts);
    },
    goTo: (manager) => others.goTo(manager),
    newLeader: (signal) => others.newLeader(signal),
    onSession: () => undefined,
  };
  return { managers, stop: () => keeper?.stop() };
}
