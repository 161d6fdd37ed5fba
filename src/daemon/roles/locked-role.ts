import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { lockedError } from '../../manager/authority/content-seal.ts';
import { authorityMethods, controlMethods, dispatcherMethods } from '../../rpc/generated/contract.ts';
import type { ClusterStatus, GetInfoResponse } from '../../rpc/messages.ts';
import type { AuthorityHandlers, ControlHandlers, DispatcherHandlers } from '../../rpc/service-types.ts';
import type { ClusterFiles, Membership } from '../cluster/cluster-files.ts';
import { refuseAll } from './delegate.ts';
import { hostInfo } from './host-info.ts';
import { beNodeAmongOthers, type NodeAmongOthers } from './other-managers.ts';
import type { Role, RoleContext } from './role.ts';

/** A manager that waits for the key of its store. Its containers run on; nothing can be asked of it but to be unlocked. */
export class LockedRole implements Role {
  readonly control: ControlHandlers;
  readonly dispatcher: DispatcherHandlers = refuseAll(dispatcherMethods, lockedError);
  readonly authority: AuthorityHandlers = refuseAll(authorityMethods, lockedError);
  readonly managers: ManagerAccess;
  readonly #node: NodeAmongOthers;
  readonly #membership: Membership | null;
  readonly #files: ClusterFiles;
  readonly #over = new AbortController();

  constructor(context: RoleContext, membership: Membership | null) {
    this.#membership = membership;
    this.#files = context.files;
    const clusterId = membership?.clusterId ?? '';
    const getInfo = (): Promise<GetInfoResponse> => hostInfo(context, { role: 'manager', clusterId });
    this.control = { ...refuseAll(controlMethods, lockedError), getInfo };
    this.#node = beNodeAmongOthers(context, membership, lockedError);
    this.managers = this.#node.managers;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  get status(): ClusterStatus {
    const { clusterId = '', nodeId = '', address = '', managers = [] } = this.#membership ?? {};
    const role = this.#membership === null ? 'lone' : 'manager';
    const { message, hint = '' } = lockedError();
    const problem = `${message}: ${hint}`;
    const certificateExpiresMs = this.#membership === null ? 0 : this.#files.certificateExpiresMs(this.#membership);
    const none = { certificateExpiresMs, outdatedNodes: [], store: '', leader: '', storeMembers: [] };
    return { role, clusterId, nodeId, address, managers, problem, ...none };
  }

  async stop(): Promise<void> {
    this.#over.abort();
    this.#node.stop();
  }
}
