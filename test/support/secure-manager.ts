/** A manager that serves a cluster of its own at a free port of 127.0.0.1, with a clock of its own; and nodes of it that are nothing but a certificate. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askToJoin, type Admission } from '../../src/daemon/cluster/ask-to-join.ts';
import { Authority } from '../../src/manager/authority/authority.ts';
import { createRequest } from '../../src/manager/authority/certificates.ts';
import { createCluster } from '../../src/manager/authority/create-cluster.ts';
import { issueFor } from '../../src/manager/authority/issuer.ts';
import { Manager } from '../../src/manager/manager.ts';
import { put } from '../../src/manager/store/change.ts';
import { formatHostPort, parseHostPort, type HostPort } from '../../src/model/host-port.ts';
import { newId } from '../../src/model/ids.ts';
import type { JoinClusterRequest } from '../../src/rpc/messages.ts';
import { serveSecurely, type SecureServer } from '../../src/rpc/secure/serve-securely.ts';
import { defaultBounds, type StrangerBounds } from '../../src/rpc/secure/stranger-limits.ts';
import type { TlsIdentity } from '../../src/rpc/secure/tls-material.ts';
import { serveAuthority, serveControl, serveDispatcher } from '../../src/rpc/server.ts';
import type { AuthorityHandlers, CallContext } from '../../src/rpc/service-types.ts';
import { simulatedDescription } from '../../agents/simulated/simulated-agent.ts';
import { loneContext } from '../fixtures/authority-context.ts';
import { nodeObject } from '../fixtures/objects.ts';

const hour = 3_600_000;

export interface SecureManagerOptions {
  /** By how much its clock is ahead. */
  readonly aheadMs?: number;
  /** As whom it serves; a real manager unless a test wants somebody else. */
  readonly serveAs?: 'manager' | 'worker';
  readonly strangers?: StrangerBounds;
}

/** Who calls when nobody asks who it is. */
const local: CallContext = { peer: { kind: 'local' }, signal: new AbortController().signal };

function fail(error: unknown): never {
  throw error;
}

export class SecureManager {
  readonly manager: Manager;
  readonly authority: Authority;
  /** Join requests that arrived. */
  joins = 0;
  readonly #directory: string;
  readonly #clock: () => Date;
  #server: SecureServer | null = null;

  private constructor(manager: Manager, directory: string, clock: () => Date) {
    this.manager = manager;
    this.authority = new Authority(manager.store, loneContext(clock));
    this.#directory = directory;
    this.#clock = clock;
  }

  static async start({
    aheadMs = 0,
    serveAs = 'manager',
    strangers = defaultBounds,
  }: SecureManagerOptions = {}): Promise<SecureManager> {
    const directory = mkdtempSync(join(tmpdir(), 'tsstack-secure-'));
    const manager = await Manager.start({ dataRoot: directory, runRoot: directory, version: '0', onError: fail });
    const secure = new SecureManager(manager, directory, () => new Date(Date.now() + aheadMs));
    await createCluster(manager.store, hour, secure.#clock());
    await secure.#serve(serveAs, strangers);
    return secure;
  }

  /** Where it answers. */
  get place(): HostPort {
    return parseHostPort(this.#server?.address ?? '') ?? { host: '', port: 0 };
  }

  get server(): SecureServer {
    if (this.#server === null) throw new Error('it does not serve');
    return this.#server;
  }

  async token(role = 'worker'): Promise<string> {
    return (await this.authority.getJoinToken({ role })).token;
  }

  /** Joins as a host would. Each has another address of this machine. */
  async join(request: Partial<JoinClusterRequest> = {}, hostname = 'w1'): Promise<Admission> {
    const manager = formatHostPort(this.place);
    const advertise = `127.0.1.${this.manager.store.view.all('node').length + 1}`;
    const whole = { token: await this.token(), manager, advertise, listen: '', ...request };
    return askToJoin(whole, { ...simulatedDescription, hostname });
  }

  /** A certificate for a node, as if made at another time; the node is in the store. */
  async identity(role: 'manager' | 'worker', agoMs = 0): Promise<TlsIdentity> {
    const { store } = this.manager;
    const id = newId();
    const { key, request } = await createRequest();
    const { issued, certificate } = await issueFor(
      store,
      request,
      { id, role, address: '' },
      new Date(Date.now() - agoMs),
    );
    const node = { ...nodeObject({ id, role, certificate, hostname: id }), version: 0 };
    await store.update(() => ({ changes: [put(node)], result: undefined }));
    return { nodeId: id, role, clusterId: store.clusterId, key, ...issued };
  }

  /** What the manager has written, file by file. */
  storeFiles(): readonly Buffer[] {
    const directory = join(this.#directory, 'manager');
    return readdirSync(directory).map((name) => readFileSync(join(directory, name)));
  }

  async stop(): Promise<void> {
    await this.#server?.stop(0);
    await this.manager.stop();
    rmSync(this.#directory, { recursive: true });
  }

  async #serve(serveAs: 'manager' | 'worker', strangers: StrangerBounds): Promise<void> {
    const { manager } = this;
    const identity = await this.identity(serveAs, Date.now() - this.#clock().getTime());
    const authority = boundTo(this.authority);
    const counted: AuthorityHandlers = {
      ...authority,
      join: (request) => {
        this.joins++;
        return authority.join(request, local);
      },
    };
    this.#server = await serveSecurely(
      {
        listen: { host: '127.0.0.1', port: 0 },
        identity,
        roleOf: (id) => manager.roleOf(id),
        onError: fail,
        strangers,
      },
      [serveControl(manager.control), serveDispatcher(manager.dispatcher), serveAuthority(counted)],
    );
  }
}

function boundTo(authority: Authority): AuthorityHandlers {
  return {
    getAuthority: () => authority.getAuthority(),
    join: (request) => authority.join(request),
    renew: (request, context) => authority.renew(request, context),
    takeRole: (request, context) => authority.takeRole(request, context),
    leave: (request, context) => authority.leave(request, context),
    getJoinToken: (request) => authority.getJoinToken(request),
    rotateJoinToken: (request) => authority.rotateJoinToken(request),
    rotateAuthority: () => authority.rotateAuthority(),
    rotateTunnelKeys: () => authority.rotateTunnelKeys(),
  };
}
