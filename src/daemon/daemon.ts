import { join } from 'node:path';
import type { Agent, AgentOptions } from '../../agents/host/agent.ts';
import { findRuntime } from '../../agents/host/find-runtime.ts';
import { Manager } from '../manager/manager.ts';
import { serve, serveControl, serveDispatcher } from '../rpc/server.ts';
import type { RunningServer } from '../rpc/server.ts';
import { removeDaemonFacts } from './daemon-facts.ts';
import { DaemonLog } from './daemon-log.ts';
import { InstanceLock } from './instance-lock.ts';
import type { DaemonOptions } from './options.ts';
import { prepareRunRoot, releaseRunRoot } from './run-root.ts';
import { readVersion } from './version.ts';

/** Time that calls under way get when the daemon stops. */
const callGraceMs = 500;

/** A daemon that serves: the manager and the agent of this host, which talk through the socket like everybody else. */
export class Daemon {
  readonly log: DaemonLog;
  readonly #runRoot: string;
  readonly #lock: InstanceLock;
  readonly #manager: Manager;
  readonly #server: RunningServer;
  readonly #agent: Promise<Agent>;
  #stopping: Promise<void> | null = null;

  private constructor(
    runRoot: string,
    log: DaemonLog,
    lock: InstanceLock,
    manager: Manager,
    server: RunningServer,
    agent: Promise<Agent>,
  ) {
    this.#runRoot = runRoot;
    this.log = log;
    this.#lock = lock;
    this.#manager = manager;
    this.#server = server;
    this.#agent = agent;
  }

  /** Resolves when the socket answers; the agent registers right after that. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { dataRoot, runRoot } = options;
    // Said before anything is there that would have to go again.
    findRuntime(options.runtime, process.env['PATH'] ?? '');
    const log = new DaemonLog(join(dataRoot, 'daemon.log'), options.logLevel);
    const lock = await InstanceLock.acquire(dataRoot);
    await prepareRunRoot(runRoot);
    const version = readVersion();
    const onError = (error: unknown): void => log.error(describe(error));
    const manager = await Manager.start({ dataRoot, runRoot, version, onError });
    const server = await serve(options.host, [serveControl(manager.control), serveDispatcher(manager.dispatcher)]);
    log.info(`tsstack ${version} serves at ${server.address} (pid ${process.pid}, data ${dataRoot}, run ${runRoot})`);
    const agent = startAgent({
      roots: { dataRoot, runRoot },
      address: server.address,
      runtime: options.runtime,
      cdiDirectories: options.cdiDirectories,
      facts: options.facts,
      log: (line) => log.info(line),
    });
    return new Daemon(runRoot, log, lock, manager, server, agent);
  }

  /** Stops serving; containers run on. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const isIdle = await (await this.#agent).stop();
    await this.#server.stop(callGraceMs);
    await this.#manager.stop();
    removeDaemonFacts(this.#runRoot);
    if (isIdle) await releaseRunRoot(this.#runRoot);
    this.log.info('stopped');
    this.#lock.release();
    this.log.close();
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
