import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeCgroupRemains } from '../../agents/host/containers/cgroup-remains.ts';
import { Launcher } from '../../agents/host/native/launcher.ts';
import { frameTypes } from '../../agents/host/native/shim-frames.ts';
import { readStateFile } from '../../agents/host/native/shim-state-file.ts';
import { ShimSocket } from '../../agents/host/native/shim-socket.ts';
import type { ShimState } from '../../agents/host/tasks/shim.ts';
import { nativeProgram } from './native-build.ts';
import { ifThereSync } from '../../agents/host/if-there.ts';

export const shimProgram = nativeProgram('shim');

/** Everything here happens within milliseconds; this bounds a failing test. */
const waitMs = 60_000;

/** What a test may want otherwise than by default; see docs/native.md, section 2, and the OCI runtime spec. */
export interface ContainerWishes {
  readonly shim?: Readonly<Record<string, unknown>>;
  readonly process?: Readonly<Record<string, unknown>>;
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly seccomp?: Readonly<Record<string, unknown>>;
}

/** A container that was described, and perhaps made. */
export class LabContainer {
  readonly name: string;
  /** Bundle, socket and state, as below /run. */
  readonly directory: string;
  /** Writable layer and log, as below /var/lib. */
  readonly dataDirectory: string;
  readonly #states: ShimState[] = [];
  #changed: () => void = () => undefined;

  constructor(name: string, directory: string, dataDirectory: string) {
    this.name = name;
    this.directory = directory;
    this.dataDirectory = dataDirectory;
  }

  get configPath(): string {
    return join(this.directory, 'shim.json');
  }
  get socketPath(): string {
    return join(this.directory, 'shim.sock');
  }
  get logPath(): string {
    return join(this.dataDirectory, 'log/current.log');
  }
  /** Empty for the moment in which a rotation has moved the file and the next one is not there yet. */
  get log(): string {
    return ifThereSync(() => readFileSync(this.logPath, 'utf8'), '');
  }
  /** The log's whole lines without their times; of one that is being written, the beginning may be there already. */
  get logLines(): readonly string[] {
    const { log } = this;
    return log
      .slice(0, log.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => line.slice(line.indexOf(' ') + 1));
  }
  get state(): ShimState {
    return readStateFile(join(this.directory, 'state.json')).state ?? assert.fail('there is no state file');
  }
  get stateText(): string {
    return readFileSync(join(this.directory, 'state.json'), 'utf8');
  }
  get isListening(): boolean {
    return existsSync(this.socketPath);
  }
  /** Phases as the subscription has told them, in order. */
  get phases(): readonly string[] {
    return this.#states.map(({ phase }) => phase);
  }

  connect(): Promise<ShimSocket> {
    return ShimSocket.connect(this.socketPath);
  }

  /** A connection that keeps the events for `until`. */
  async subscribe(): Promise<ShimSocket> {
    const socket = await this.connect();
    socket.onFrame = ({ type, payload }) => {
      if (type !== frameTypes.event) return;
      this.#states.push((JSON.parse(payload.toString()) as { state: ShimState }).state);
      this.#changed();
    };
    await socket.request({ op: 'subscribe' });
    return socket;
  }

  /** Resolves to the first state told to `subscribe` that is as wanted. */
  async until(isWanted: (state: ShimState) => boolean): Promise<ShimState> {
    const deadline = AbortSignal.timeout(waitMs);
    for (;;) {
      const found = this.#states.find(isWanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        this.#changed = resolve;
        deadline.addEventListener('abort', () => reject(new Error(`only ${JSON.stringify(this.#states)} was told`)));
      });
    }
  }
}

/** Containers of busybox in a directory of their own. */
export class ShimLab {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-shim-'));
  readonly launcher = new Launcher(shimProgram);
  readonly #containers: LabContainer[] = [];
  readonly #runDirectory: string;

  /** Bundles, sockets and states are in `runDirectory`; by default beside all the rest. */
  constructor(runDirectory?: string) {
    this.#runDirectory = runDirectory ?? this.directory;
    const root = join(this.directory, 'root');
    for (const name of ['bin', 'proc', 'sys', 'dev', 'tmp']) mkdirSync(join(root, name), { recursive: true });
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
    execFileSync('chroot', [root, '/bin/busybox', '--install', '-s', '/bin']);
  }

  /** Writes the bundle of a container that runs a shell script, or the given arguments. */
  describe(command: string | readonly string[], wishes: ContainerWishes = {}): LabContainer {
    const name = `c${this.#containers.length}`;
    const container = new LabContainer(name, join(this.#runDirectory, name), join(this.directory, name));
    this.#containers.push(container);
    for (const part of ['upper', 'work', 'log']) mkdirSync(join(container.dataDirectory, part), { recursive: true });
    mkdirSync(container.directory, { recursive: true });
    const args = typeof command === 'string' ? ['sh', '-c', command] : command;
    this.rewriteSpec(container, args, wishes);
    writeFileSync(container.configPath, JSON.stringify({ ...this.#shimConfig(container), ...wishes.shim }));
    return container;
  }

  /** Replaces config.json, as for the next run. */
  rewriteSpec(container: LabContainer, args: readonly string[], wishes: ContainerWishes = {}): void {
    const namespaces = ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup'].map((type) => ({ type }));
    const spec = {
      ociVersion: '1.2.0',
      process: { ...processOf(args), ...wishes.process },
      root: { path: 'root', readonly: false },
      hostname: container.name,
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
        {
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['newinstance', 'ptmxmode=0666', 'mode=0620'],
        },
      ],
      linux: { namespaces, resources: wishes.resources ?? {}, ...(wishes.seccomp && { seccomp: wishes.seccomp }) },
    };
    writeFileSync(join(container.directory, 'config.json'), JSON.stringify(spec));
  }

  #shimConfig(container: LabContainer): Readonly<Record<string, unknown>> {
    return {
      version: 1,
      id: container.name,
      name: container.name,
      bundle: container.directory,
      socket: container.socketPath,
      stateFile: join(container.directory, 'state.json'),
      autostart: false,
      rootfs: {
        directory: this.directory,
        lower: ['root'],
        upper: join(container.dataDirectory, 'upper'),
        work: join(container.dataDirectory, 'work'),
      },
      cgroup: `${this.cgroup}/${container.name}`,
      restart: { policy: 'no', maxRetries: 0, backoffInitialMs: 100, backoffCapMs: 60_000, resetAfterMs: 10_000 },
      stop: { signal: 'SIGTERM', graceMs: 10_000 },
      stdin: false,
      log: { path: container.logPath, maxBytes: 10_485_760, maxFiles: 3, driver: 'file' },
    };
  }

  /** Parent of all cgroups of this lab, relative to this process's own. */
  get cgroup(): string {
    return `tsstack-shim-test-${process.pid}`;
  }

  /** Describes, launches and subscribes; the container is created. */
  async create(
    command: string | readonly string[],
    wishes: ContainerWishes = {},
  ): Promise<{ readonly container: LabContainer; readonly control: ShimSocket; readonly state: ShimState }> {
    const container = this.describe(command, wishes);
    const state = await this.launcher.startShim(container.configPath);
    return { container, control: await container.subscribe(), state };
  }

  /** As `create`, and started. */
  async run(
    command: string | readonly string[],
    wishes: ContainerWishes = {},
  ): Promise<{ readonly container: LabContainer; readonly control: ShimSocket; readonly state: ShimState }> {
    const made = await this.create(command, wishes);
    await made.control.request({ op: 'start' });
    return made;
  }

  /** Processes whose arguments name this lab's directory: shims, and containers that have not started yet. */
  findProcesses(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.directory);
        } catch {
          return false; // ended meanwhile
        }
      })
      .map(Number);
  }

  /** Kills every container and removes all files and cgroups. */
  async dispose(): Promise<void> {
    for (const container of this.#containers.filter(({ isListening }) => isListening)) {
      const socket = await container.connect().catch(() => null);
      await socket?.request({ op: 'kill' }).catch(() => null);
      socket?.close();
    }
    this.launcher.close();
    await removeCgroupRemains(this.cgroup);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** An OCI process object for `exec` and for config.json. */
export function processOf(command: string | readonly string[]): Readonly<Record<string, unknown>> {
  const args = typeof command === 'string' ? ['sh', '-c', command] : command;
  return { terminal: false, user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/', noNewPrivileges: true };
}

/** Polls until the condition holds; for what nobody announces. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${waitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
