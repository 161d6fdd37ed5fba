import { existsSync } from 'node:fs';
import { removeCgroupRemains } from '../containers/cgroup-remains.ts';
import type { ContainerPaths } from '../host-paths.ts';
import { readStateFile } from '../native/shim-state-file.ts';
import type { StoredState } from '../native/shim-state-file.ts';
import { isRefusal } from './refusal.ts';
import type { ShimConnection, ShimSeam, ShimState } from './shim.ts';

/** Exit code of a run whose end nobody saw. */
export const lostExitCode = 137;

/** How often a shim that lives but refuses the connection is asked again, and the pause between. */
const maxConnects = 20;
const connectPauseMs = 25;

export interface ContainerOptions {
  readonly paths: ContainerPaths;
  /** Below the daemon's own. */
  readonly cgroup: string;
  readonly shims: ShimSeam;
  /** Called with each new state of the container, in order. */
  readonly onState: (state: ShimState) => void;
  /** Told of a state file that is not as its shim wrote it. */
  readonly warn: (message: string) => void;
}

/**
 * One container of this host, seen through its shim. Knows the last state that the shim told; when the shim has gone without
 * telling the end, what it left is cleaned up and the run counts as lost.
 */
export class Container {
  readonly #options: ContainerOptions;
  #state: ShimState | null = null;
  #isLost = false;
  #connection: Promise<ShimConnection> | null = null;
  /** Changes whenever what was known of the shim no longer concerns us. */
  #life = 0;

  constructor(options: ContainerOptions) {
    this.#options = options;
  }

  /** Last known state; null before the first launch. */
  get state(): ShimState | null {
    return this.#state;
  }

  /** Phase as the planner wants it. */
  get phase(): ShimState['phase'] | 'none' | 'lost' {
    if (this.#isLost) return 'lost';
    return this.#state?.phase ?? 'none';
  }

  /** Starts a shim for the bundle that lies ready. Rejects when the container could not be made; then nothing of it is left. */
  async launch(): Promise<void> {
    this.#reset();
    try {
      this.#observe(await this.#options.shims.launch(this.#options.paths.shimConfig));
    } catch (error) {
      // Without the shim's own word it may be there all the same, or still come.
      if (!isRefusal(error)) await this.destroy();
      throw error;
    }
    void this.#follow();
  }

  /** Finds a container that an earlier daemon started. Afterwards the phase is what it is, or `lost` if its shim has gone. */
  async adopt(): Promise<void> {
    this.#reset();
    const { state, damage } = this.#readStateFile();
    if (state === null) return damage === null ? this.#endUnborn() : this.#adoptUnread();
    if (state.phase === 'exited') {
      this.#state = state;
    } else if (this.#isAlive(state)) {
      // What the file says is true; a shim that does not answer must not keep everything waiting.
      this.#state = state;
      void this.#follow();
    } else {
      await this.#lose(state);
    }
  }

  /** Lets the created container run. */
  async start(): Promise<void> {
    await (await this.#connect()).start();
  }

  /** Resolves when the container has ended. `graceMs` -1 waits for ever. A second, shorter stop shortens the first. */
  async stop(graceMs: number): Promise<void> {
    const life = this.#life;
    try {
      // A connection of its own: the answers to other requests would have to wait behind this one.
      const connection = await this.#dial();
      try {
        await connection.stop(graceMs);
      } finally {
        connection.close();
      }
    } catch (error) {
      // It may have ended by itself before its shim heard of this; and a later run is not to be stopped for this one.
      if (life === this.#life && !this.takeInEnd()) throw error;
    }
  }

  /** Ends what a shim that does not answer left, and the shim itself. Afterwards the container counts as lost. */
  async destroy(): Promise<void> {
    // Before the connection is let go of, which may have been about to tell it.
    if (this.takeInEnd()) return this.release();
    const state = this.#readStateFile().state ?? this.#state;
    this.release();
    if (state === null) return this.#endUnborn();
    if (this.#isAlive(state)) this.#options.shims.kill(state.shimPid);
    await this.#lose(state);
  }

  /** Takes in the end that its shim has written to its file, where nobody has heard of it yet; false when it has written none. */
  takeInEnd(): boolean {
    const { state } = this.#readStateFile();
    if (state?.phase !== 'exited') return false;
    if (this.#state?.phase !== 'exited') this.#observe(state);
    return true;
  }

  /** The connection for everything else; opened when there is none. */
  connection(): Promise<ShimConnection> {
    return this.#connect();
  }

  /** Lets the shim go on without us. */
  release(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#life += 1;
    connection?.then((open) => open.close(), noop);
  }

  #reset(): void {
    this.release();
    this.#isLost = false;
    this.#state = null;
  }

  /** Listens to the shim; when it cannot be reached, its state file tells what has become of it. */
  async #follow(): Promise<void> {
    const life = this.#life;
    await this.#connect().then(noop, () => this.#settle(life));
  }

  #connect(): Promise<ShimConnection> {
    if (this.#connection !== null) return this.#connection;
    const opening = this.#open();
    this.#connection = opening;
    opening.catch(() => {
      if (this.#connection === opening) this.#connection = null;
    });
    return opening;
  }

  async #open(): Promise<ShimConnection> {
    const life = this.#life;
    // What is on its way when the container is let go of is of no concern to the next run.
    const observe = (state: ShimState): void => {
      if (life === this.#life) this.#observe(state);
    };
    const connection = await this.#dial();
    observe(await connection.subscribe(observe));
    void connection.closed.then(() => this.#settle(life));
    return connection;
  }

  async #dial(): Promise<ShimConnection> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#options.shims.connect(this.#options.paths.socket);
      } catch (error) {
        // The backlog of a shim's socket is short.
        if (attempt === maxConnects || !this.#isShimAlive()) throw error;
        await new Promise((resolve) => setTimeout(resolve, connectPauseMs));
      }
    }
  }

  /** The connection ended: the shim has written the end to its file, or lives and can be reached again, or was killed. */
  async #settle(life: number): Promise<void> {
    if (life !== this.#life || this.#state === null) return;
    this.#connection = null;
    if (this.#state.phase === 'exited' || this.takeInEnd()) return;
    const { state } = this.#readStateFile();
    if (state !== null && this.#isAlive(state)) await this.#follow();
    else await this.#lose(state ?? this.#state);
  }

  async #lose(state: ShimState): Promise<void> {
    await removeCgroupRemains(this.#options.cgroup);
    // It may have written the end between the look at its file and the one that found it gone.
    if (this.takeInEnd()) return;
    this.#isLost = true;
    const finishedAt = new Date().toISOString();
    this.#state = { ...state, phase: 'exited', pid: null, finishedAt, exitCode: lostExitCode };
    this.#options.onState(this.#state);
  }

  #observe(state: ShimState): void {
    // Events and the answers to requests may overtake each other.
    if (this.#state !== null && state.seq < this.#state.seq) return;
    this.#state = state;
    this.#options.onState(state);
  }

  #isShimAlive(): boolean {
    const { state } = this.#readStateFile();
    return state !== null && this.#isAlive(state);
  }

  #isAlive(state: ShimState): boolean {
    return this.#options.shims.isAlive(state, this.#options.paths.shimConfig);
  }

  /**
   * Without a state file there was no container since the machine started, or the daemon was killed while its shim was at work:
   * that shim and what it made have to go before another one is started.
   */
  async #endUnborn(): Promise<void> {
    const { shimConfig } = this.#options.paths;
    // The look at every process is not for each container after a start of the machine.
    const pid = existsSync(shimConfig) ? this.#options.shims.find(shimConfig) : null;
    if (pid !== null) this.#options.shims.kill(pid);
    await removeCgroupRemains(this.#options.cgroup);
  }

  /** There was a container, but nothing on disk says which: its shim may still. */
  async #adoptUnread(): Promise<void> {
    try {
      await this.#connect();
    } catch {
      await this.#endUnborn();
    }
  }

  #readStateFile(): StoredState {
    const stored = readStateFile(this.#options.paths.stateFile);
    if (stored.damage !== null) this.#options.warn(stored.damage);
    return stored;
  }
}

function noop(): void {
  // Nothing to do.
}
