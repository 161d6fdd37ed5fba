import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { abortable } from '../../../agents/host/abortable.ts';
import type { ManagerAccess } from '../../../agents/host/session/manager-access.ts';
import { EtcdStore } from '../../manager/store/etcd/etcd-store.ts';
import { etcdOf, formatStoreUrl, type StoreSetting } from '../../manager/store/store-setting.ts';
import { authorityMethods, controlMethods, dispatcherMethods } from '../../rpc/generated/contract.ts';
import type { ClusterStatus, GetInfoResponse } from '../../rpc/messages.ts';
import type { AuthorityHandlers, ControlHandlers, DispatcherHandlers } from '../../rpc/service-types.ts';
import { TsstackError } from '../../model/errors.ts';
import type { ClusterFiles, Membership } from '../cluster/cluster-files.ts';
import type { ManagedEtcd } from '../etcd/managed-etcd.ts';
import { storeSeal } from '../cluster/store-seal.ts';
import { refuseAll } from './delegate.ts';
import { hostInfo } from './host-info.ts';
import { beNodeAmongOthers, type NodeAmongOthers } from './other-managers.ts';
import type { Role, RoleContext } from './role.ts';

/** Pause between two looks at the store. */
const pauseMs = 1000;

/** A manager whose store cannot be reached as it starts: its containers run, and it begins to be a manager when the store answers. */
export class WaitingRole implements Role {
  readonly control: ControlHandlers;
  readonly dispatcher: DispatcherHandlers;
  readonly authority: AuthorityHandlers;
  readonly managers: ManagerAccess;
  readonly #membership: Membership | null;
  readonly #setting: Exclude<StoreSetting, { type: 'sqlite' }>;
  readonly #etcd: ManagedEtcd;
  readonly #files: ClusterFiles;
  readonly #node: NodeAmongOthers;
  readonly #over = new AbortController();
  readonly #begun = Promise.withResolvers<void>();
  #problem: TsstackError;
  /** Why the agent of this host has no session with another manager. */
  #refusal = '';

  constructor(
    context: RoleContext,
    membership: Membership | null,
    setting: Exclude<StoreSetting, { type: 'sqlite' }>,
    problem: TsstackError,
  ) {
    this.#membership = membership;
    this.#setting = setting;
    this.#problem = problem;
    this.#etcd = context.etcd;
    this.#files = context.files;
    const refusal = (): TsstackError => this.#problem;
    const clusterId = membership?.clusterId ?? '';
    const getInfo = (): Promise<GetInfoResponse> => hostInfo(context, { role: 'manager', clusterId });
    this.control = { ...refuseAll(controlMethods, refusal), getInfo };
    this.dispatcher = refuseAll(dispatcherMethods, refusal);
    this.authority = refuseAll(authorityMethods, refusal);
    this.#node = beNodeAmongOthers(context, membership, refusal);
    this.managers = {
      ...this.#node.managers,
      onSession: (reason) => (this.#refusal = reason ?? ''),
    };
    context.log(`this manager waits for its store: ${problem.message}`);
    this.#wait(context).catch(context.onError);
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  get status(): ClusterStatus {
    const { clusterId = '', nodeId = '', address = '', managers = [] } = this.#membership ?? {};
    return {
      role: this.#membership === null ? 'lone' : 'manager',
      clusterId,
      nodeId,
      address,
      managers,
      certificateExpiresMs: this.#membership === null ? 0 : this.#files.certificateExpiresMs(this.#membership),
      problem: this.#why,
      outdatedNodes: [],
      store: formatStoreUrl(this.#setting),
      leader: '',
      storeMembers: [],
    };
  }

  /** Resolves when the store answers, or after that time; to the problem that there is then, or null. */
  async begun(withinMs: number): Promise<string | null> {
    const late = AbortSignal.timeout(withinMs);
    return abortable(this.#begun.promise, late).then(
      () => null,
      () => this.#why,
    );
  }

  get #why(): string {
    const why = this.#etcd.problem || this.#problem.message;
    // That this host was removed, or that nobody is there, is why etcd does not answer.
    return this.#refusal === '' || this.#refusal.startsWith(why) ? why : `${why}; ${this.#refusal}`;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    this.#node.stop();
  }

  async #wait(context: RoleContext): Promise<void> {
    const { signal } = this.#over;
    const seal = storeSeal(context);
    const etcd = etcdOf(this.#setting, join(context.options.dataRoot, 'manager'));
    while (!signal.aborted) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const store = await EtcdStore.open({ ...etcd, seal, candidate: null }).catch((error: unknown) => {
        if (error instanceof TsstackError) this.#problem = error;
        return null;
      });
      store?.close();
      if (store === null || signal.aborted) continue;
      context.again();
      return this.#begun.resolve();
    }
  }
}
