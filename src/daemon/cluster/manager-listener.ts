import { X509Certificate } from 'node:crypto';
import { parseHostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import { managerAddresses } from '../../manager/authority/cluster-object.ts';
import type { Manager } from '../../manager/manager.ts';
import { serveAuthority, serveControl, serveDispatcher } from '../../rpc/server.ts';
import { serveSecurely, type SecureServer } from '../../rpc/secure/serve-securely.ts';
import { connectAuthorityOf } from '../../rpc/secure-client.ts';
import { addressOf } from '../roles/manager-peers.ts';
import type { RoleContext } from '../roles/role.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';
import { RevocationList } from '../etcd/revocation-list.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';
import type { Membership } from './cluster-files.ts';
import { keepCertificate } from './keep-certificate.ts';

/** Time that calls of other hosts get when a manager stops. */
const callGraceMs = 500;

/** Time that one manager's etcd gets to be back before the next one's is started anew. */
const turnMs = 4000;

/** A manager's end of the other hosts: the TLS server, and the certificate with which it serves. */
export class ManagerListener {
  readonly #server: SecureServer;
  readonly #keeper: CertificateKeeper;

  /** Of the managed etcd. */
  readonly #revoked: RevocationList | null;

  private constructor(server: SecureServer, keeper: CertificateKeeper, revoked: RevocationList | null) {
    this.#server = server;
    this.#keeper = keeper;
    this.#revoked = revoked;
  }

  static async start(context: RoleContext, manager: Manager, membership: Membership): Promise<ManagerListener> {
    const { files, log, onError, etcd } = context;
    const listen = parseHostPort(membership.listen);
    if (listen === undefined) throw new TsstackError('invalid', `"${membership.listen}" is no address to listen at`);
    const identity = files.readIdentity(membership);
    const services = [
      serveControl(manager.control),
      serveDispatcher(manager.dispatcher),
      serveAuthority(manager.authority),
    ];
    const roleOf = (id: string): 'manager' | 'worker' | null => manager.roleOf(id);
    const server = await serveSecurely({ listen, identity, roleOf, onError }, services);
    log(`node ${membership.nodeId} listens to the cluster at ${server.address}`);
    const peer = { kind: 'node', nodeId: membership.nodeId, role: 'manager', clusterId: membership.clusterId } as const;
    const itself = { peer, signal: new AbortController().signal };
    let { authorities } = identity;
    const keeper = keepCertificate(context, membership, {
      renew: async (certificateRequest, trust) => {
        const leader = manager.leadership?.isLeader === false ? manager.leadership.leader : null;
        if (leader === null) return manager.authority.renew({ certificateRequest }, itself);
        const client = await connectAuthorityOf(addressOf(leader), trust);
        return client.renew({ certificateRequest }).finally(() => client.close());
      },
      onRenewed: (renewed) => {
        server.setIdentity(renewed);
        if (renewed.authorities !== authorities) etcd.renewTrust(turnOf(manager, membership) * turnMs).catch(onError);
        ({ authorities } = renewed);
      },
    });
    const revoked =
      manager.members === null
        ? null
        : new RevocationList(manager.store, { path: files.revokedPath, identity: () => keeper.identity, onError });
    return new ManagerListener(server, keeper, revoked);
  }

  get identity(): TlsIdentity {
    return this.#keeper.identity;
  }

  get certificateExpiresMs(): number {
    return new X509Certificate(this.#keeper.identity.chain).validToDate.getTime();
  }

  /** Renews the certificate now; rejects when there is none to be had. */
  renew(): Promise<void> {
    return this.#keeper.renewNow();
  }

  /** Other authorities count by now. */
  useAuthorities(authorities: string): void {
    this.#keeper.useAuthorities(authorities);
  }

  async stop(): Promise<void> {
    this.#keeper.stop();
    await this.#revoked?.stop();
    await this.#server.stop(callGraceMs);
  }
}

/** Which of the managers this one is. */
function turnOf({ store }: Manager, { managerAddress }: Membership): number {
  return Math.max(0, managerAddresses(store.view).indexOf(managerAddress));
}
