import type { EndedRun } from '../../../src/model/objects.ts';
import type { OciProcess } from '../containers/oci-spec.ts';

/** state.json and the `state` of the shim's socket (docs/native.md, section 3). */
export interface ShimState {
  readonly id: string;
  readonly seq: number;
  readonly phase: 'created' | 'running' | 'paused' | 'restarting' | 'stopping' | 'exited';
  readonly pid: number | null;
  readonly shimPid: number;
  /** In clock ticks since the machine started: tells the shim from a process that has got its number. Shims that are older than this field run on. */
  readonly shimStartTime?: number;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly oomKilled: boolean;
  readonly restartCount: number;
  readonly nextRestartAt: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Lines of output that the log lost because its disk was full (logging mode non-blocking). */
  readonly droppedLogLines: number;
  /** Ended runs, the last 16 of them, oldest first. */
  readonly runs: readonly EndedRun[];
}

export interface ExecOptions {
  readonly process: OciProcess;
  readonly stdin: boolean;
  readonly detach: boolean;
  readonly timeoutMs: number | null;
  readonly privileged: boolean;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly output: boolean;
  /** True: the container waits while its output is not read. Default: what it writes meanwhile is lost beyond 1 MiB, to this session alone. */
  readonly wait?: boolean;
}

export interface ShimStats {
  readonly cpuUsageNs: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly pids: number;
  readonly blkReadBytes: number;
  readonly blkWriteBytes: number;
}

/** A connection to a container's shim (docs/shim-protocol.md), as far as tasks need it. */
export interface ShimConnection {
  /** Calls back with every change from now on; resolves to the state now. */
  subscribe(onState: (state: ShimState) => void): Promise<ShimState>;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  start(): Promise<void>;
  stop(graceMs: number): Promise<void>;
  kill(): Promise<void>;
  signal(name: string): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  stats(): Promise<ShimStats>;
  pids(): Promise<readonly number[]>;
  close(): void;
}

/** How a session's process ended; -1 after its deadline. */
export interface ShimExit {
  readonly exitCode: number;
}

/** One process's stdio through a connection of its own. */
export interface ShimSession {
  /** Output as it comes; ends when the process has ended and everything was delivered. The shim waits for the consumer. */
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Buffer }>;
  /** Rejects when the connection broke before the process ended. */
  readonly exit: Promise<ShimExit>;
  /** Resolves when there is room for more. */
  write(bytes: Buffer): Promise<void>;
  closeInput(): void;
  resize(rows: number, columns: number): Promise<void>;
  /** Ends the session; the process of an exec dies with it. */
  close(): void;
}

/** How shims are started and reached. */
export interface ShimSeam {
  /** Starts a shim for a shim.json; resolves when the container is created, or started where that says so. */
  launch(configPath: string): Promise<ShimState>;
  connect(socketPath: string): Promise<ShimConnection>;
  /** True while the shim of that shim.json that wrote the state lives. */
  isAlive(state: ShimState, configPath: string): boolean;
  /** Process of the shim of that shim.json, by looking at every process; null when there is none. */
  find(configPath: string): number | null;
  /** Ends a shim that does not answer. */
  kill(pid: number): void;
  /** Runs a process in the container. With `detach` the session ends at once. */
  exec(socketPath: string, options: ExecOptions): Promise<ShimSession>;
  /** Joins the container's own stdio. */
  attach(socketPath: string, options: AttachOptions): Promise<ShimSession>;
}
