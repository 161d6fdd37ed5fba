import { join } from 'node:path';
import type { Agent, AgentOptions } from '../../agents/host/agent.ts';
import { findRuntime } from '../../agents/host/find-runtime.ts';
import { TsstackError } from '../model/errors.ts';
import { authorityMethods, controlMethods, dispatcherMethods } from '../rpc/generated/contract.ts';
import { serve, serveAuthority, serveControl, serveDispatcher, serveHost } from '../rpc/server.ts';
import type { RunningServer } from '../rpc/server.ts';
import { ClusterFiles } from './cluster/cluster-files.ts';
import { SealLock } from './cluster/seal-lock.ts';
import { removeDaemonFacts } from './daemon-facts.ts';
import { DaemonLog } from './daemon-log.ts';
import { ManagedEtcd } from './etcd/managed-etcd.ts';
import { HostService } from './host-service.ts';
import { InstanceLock } from './instance-lock.ts';
import type { DaemonOptions } from './options.ts';
import { delegate } from './roles/delegate.ts';
import type { Role, RoleContext } from './roles/role.ts';
import { startRole } from './roles/start-role.ts';
import { prepareRunRoot, releaseRunRoot } from './run-root.ts';
import { readVersion } from './version.ts';

/** Time that calls under way get when the daemon stops. */
const callGraceMs = 500;

/** A daemon that serves: what this host is at the time, and the agent of this host, which talks to its manager like everybody else's. */
export class Daemon {
  readonly log: DaemonLog;
  readonly #context: RoleContext;
  readonly #lock: InstanceLock;
  /** Null while it changes. */
  #role: Role | null;
  readonly #listening = Promise.withResolvers<RunningServer>();
  #agent: Promise<Agent>;
  /** Resolves when the role has changed that is about to. */
  #changing: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;

  private constructor(log: DaemonLog, context: RoleContext, lock: InstanceLock, role: Role) {
    this.log = log;
    this.#context = context;
    this.#lock = lock;
    this.#role = role;
    this.#agent = this.#listening.promise.then(() => this.#startAgent(role));
  }

  /** Resolves when the socket answers; the agent registers right after that. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { dataRoot, runRoot } = options;
    // Said before anything is there that would have to go again.
    findRuntime(options.runtime, process.env['PATH'] ?? '');
    const log = new DaemonLog(join(dataRoot, 'daemon.log'), options.logLevel);
    const lock = await InstanceLock.acquire(dataRoot, options.host);
    await prepareRunRoot(runRoot);
    const version = readVersion();
    const files = new ClusterFiles(dataRoot);
    const context: RoleContext = {
      options,
      version,
      files,
      etcd: new ManagedEtcd({ dataRoot, files, log: (line) => log.info(line) }),
      sealLock: new SealLock(dataRoot),
      localAddress: () => server.address,
      describeHost: async () => (await daemon.#agent).description,
      again: () => {
        // A change that is under way begins anew by itself.
        if (daemon.#role === null) return;
        daemon.#become(() => Promise.resolve()).catch((error: unknown) => log.error(describe(error)));
      },
      makeRoom: () => hostService.makeRoom(),
      takeRole: (facts) => hostService.takeRole(facts),
      log: (line) => log.info(line),
      onError: (error) => log.error(describe(error)),
    };
    // Before the socket is there: a call may come at once.
    const daemon = new Daemon(log, context, lock, await startRole(context));
    const holder = {
      get role(): Role {
        return daemon.role;
      },
      removeContainers: async (): Promise<void> => (await daemon.#agent).removeContainers(),
      settled: (): Promise<void> => daemon.#changing,
      become: (change: () => Promise<void>): Promise<void> => daemon.#become(change),
    };
    const hostService = new HostService(context, holder);
    const server = await serve(options.host, [
      serveControl(delegate(controlMethods, () => ({ handlers: daemon.role.control, over: daemon.role.over }))),
      serveDispatcher(
        delegate(dispatcherMethods, () => ({ handlers: daemon.role.dispatcher, over: daemon.role.over })),
      ),
      serveAuthority(delegate(authorityMethods, () => ({ handlers: daemon.role.authority, over: daemon.role.over }))),
      serveHost(hostService),
    ]);
    daemon.#listening.resolve(server);
    log.info(`tsstack ${version} serves at ${server.address} (pid ${process.pid}, data ${dataRoot}, run ${runRoot})`);
    return daemon;
  }

  /** What this host is now; throws while that changes. */
  get role(): Role {
    if (this.#role !== null) return this.#role;
    throw new TsstackError('unavailable', 'the part of this host in its cluster is changing', { retryable: true });
  }

  /** Stops serving; containers run on. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { runRoot } = this.#context.options;
    const isIdle = await (await this.#agent).stop();
    await (await this.#listening.promise).stop(callGraceMs);
    await this.#role?.stop();
    await this.#context.etcd.rest();
    removeDaemonFacts(runRoot);
    if (isIdle) await releaseRunRoot(runRoot);
    this.log.info('stopped');
    this.#lock.release();
    this.log.close();
  }

  /**
   * Ends the role and the agent, and begins with what the files say after the change, also when that has failed. Waits for a change that the role
   * makes by itself, as one that has waited for its store.
   */
  async #become(change: () => Promise<void>): Promise<void> {
    let awaited: Promise<void> | null = null;
    // Of several that have waited only one finds a role; one that could not begin is not waited for again.
    while (this.#role === null && awaited !== this.#changing) await (awaited = this.#changing);
    const before = this.role;
    this.#role = null;
    const done = this.#change(before, change);
    this.#changing = done.catch(() => undefined);
    await done;
  }

  async #change(before: Role, change: () => Promise<void>): Promise<void> {
    try {
      await (await this.#agent).stop();
      await before.stop();
      await change();
    } finally {
      this.#role = await startRole(this.#context);
      this.#agent = this.#startAgent(this.#role);
    }
  }

  #startAgent({ managers }: Role): Promise<Agent> {
    const { options, log } = this.#context;
    const { dataRoot, runRoot, runtime, cdiDirectories, facts } = options;
    return startAgent({ roots: { dataRoot, runRoot }, managers, runtime, cdiDirectories, facts, log });
  }
}

/** Loads the agent while whoever waited for the socket goes on already. */
async function startAgent(options: AgentOptions): Promise<Agent> {
  const { Agent } = await import('../../agents/host/agent.ts');
  const agent = new Agent(options);
  agent.start();
  return agent;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
