import { setTimeout as delay } from 'node:timers/promises';
import { NetClient, NetConnectionError } from '../native/net-client.ts';
import type { NetReply, NetRequest } from '../native/net-protocol.ts';
import { NetLog } from './net-log.ts';
import { runsProgram } from './runs-program.ts';

export interface NetProcessOptions {
  /** The program tsstack-net. */
  readonly program: string;
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly logPath: string;
  /** Starts a detached helper and resolves when it is ready (docs/native.md, section 1). */
  readonly spawn: (argv: readonly string[], logPath: string) => Promise<void>;
  readonly log: (message: string) => void;
  /** Told when it is there again after it has died. */
  readonly onReturn: () => void;
}

/** Waits between attempts to bring a tsstack-net back that has died; names do not resolve meanwhile. */
const restartDelaysMs = [0, 100, 300, 1000, 3000, 10_000] as const;

/**
 * The running tsstack-net: found when a former daemon has left one, else started, and started again when it dies.
 * It takes over from its predecessor by itself, so that nothing has to be told to it again; every request may be repeated.
 */
export class NetProcess {
  readonly #options: NetProcessOptions;
  readonly #closing = new AbortController();
  #client: NetClient | null = null;
  #opening: Promise<NetClient> | null = null;
  readonly #log: NetLog;

  constructor(options: NetProcessOptions) {
    this.#options = options;
    this.#log = new NetLog(options.logPath, options.log);
  }

  async request<Request extends NetRequest>(request: Request): Promise<NetReply<Request>> {
    const client = await this.#connected();
    try {
      return await client.request(request);
    } catch (error) {
      if (!(error instanceof NetConnectionError) || this.#closing.signal.aborted) throw error;
      // It died under the request: once more with its successor.
      const successor = await this.#connected();
      return successor.request(request);
    }
  }

  /** Ends the connection; tsstack-net lives on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#opening?.catch(() => undefined);
    this.#log.close();
    this.#client?.close();
    await this.#client?.closed;
  }

  /** Ends tsstack-net itself, when no container needs it any more; does nothing when none runs. */
  async shutDown(): Promise<void> {
    this.#closing.abort();
    await this.#opening?.catch(() => undefined);
    this.#log.close();
    try {
      const client = this.#client?.isOpen === true ? this.#client : await NetClient.connect(this.#options.socketPath);
      await client.request({ op: 'shutdown' });
      await client.closed;
    } catch (error) {
      if (!(error instanceof NetConnectionError)) throw error;
    }
  }

  #connected(): Promise<NetClient> {
    if (this.#closing.signal.aborted) return Promise.reject(new NetConnectionError('the daemon is ending'));
    if (this.#client?.isOpen === true) return Promise.resolve(this.#client);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open(): Promise<NetClient> {
    const client = await this.#findOrStart();
    this.#log.follow();
    this.#client = client;
    void client.closed.then(() => this.#onLost());
    return client;
  }

  async #findOrStart(): Promise<NetClient> {
    const { program, socketPath, stateDirectory, logPath, spawn } = this.#options;
    const found = await this.#find();
    if (found !== null) return found;
    await spawn([program, '--socket', socketPath, '--state', stateDirectory], logPath);
    return NetClient.connect(socketPath);
  }

  /** The one that a daemon before has left. If the program was updated since, that one ends: packets go on, and names wait for the next, some ms. */
  async #find(): Promise<NetClient | null> {
    const { program, socketPath, log } = this.#options;
    try {
      const client = await NetClient.connect(socketPath);
      const { pid } = await client.request({ op: 'ping' });
      if (runsProgram(pid, program)) return client;
      log('tsstack-net is of another version: the one of this daemon takes over');
      await client.request({ op: 'shutdown' });
      await client.closed;
    } catch (error) {
      if (!(error instanceof NetConnectionError)) throw error;
    }
    return null;
  }

  /** Brings it back at once, not at the next request: containers ask it for names. */
  async #onLost(): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    this.#options.log('tsstack-net has ended: starting it again');
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await delay(restartDelaysMs[Math.min(attempt, restartDelaysMs.length - 1)], undefined, { signal, ref: false });
        await this.#connected();
        this.#options.onReturn();
        return;
      } catch (error) {
        if (!signal.aborted) this.#options.log(`start tsstack-net: ${String(error)}`);
      }
    }
  }
}
