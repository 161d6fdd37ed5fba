import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import PQueue from 'p-queue';
import type { NetworkObject, PublishedPort, TaskObject, TaskStatus } from '../../../../src/model/objects.ts';
import type { WireObject } from '../../../../src/rpc/messages.ts';
import { readHostFacts } from '../../../../agents/host/facts/host-facts.ts';
import { HostPaths } from '../../../../agents/host/host-paths.ts';
import { NameRegistry } from '../../../../agents/host/names/name-registry.ts';
import type { SpannedNetwork } from '../../../../agents/host/networks/overlay-service.ts';
import type { MountProgram } from '../../../../agents/host/native/mount-program.ts';
import { PayloadFiles } from '../../../../agents/host/payloads/payload-files.ts';
import { AssignedObjects } from '../../../../agents/host/tasks/assigned-objects.ts';
import type { ShimConnection, ShimSeam, ShimSession, ShimState } from '../../../../agents/host/tasks/shim.ts';
import type { TaskHost, TaskImages, TaskNetworks } from '../../../../agents/host/tasks/task-host.ts';
import { TaskSharing } from '../../../../agents/host/tasks/task-sharing.ts';
import { TaskTable } from '../../../../agents/host/tasks/task-table.ts';
import { IdRanges } from '../../../../agents/host/users/id-ranges.ts';
import { HostMounts } from '../../../../agents/host/volumes/host-mounts.ts';
import { VolumeStore } from '../../../../agents/host/volumes/volume-store.ts';
import { stateFileText } from '../../../support/state-file-text.ts';
import { imageDefaults, noFacts } from './builders.ts';

/** The kernel's side of a container: lives on when the daemon is "killed". */
interface FakeContainer {
  state: ShimState;
  readonly stateFile: string;
  readonly listeners: Set<(state: ShimState) => void>;
  readonly closed: PromiseWithResolvers<void>[];
  isShimAlive: boolean;
}

/** A machine on which nothing is real but the files. It outlives the daemons that run on it. */
export class FakeMachine {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-agent-'));
  readonly paths = new HostPaths({ dataRoot: join(this.directory, 'data'), runRoot: join(this.directory, 'run') });
  readonly containers = new Map<string, FakeContainer>();
  readonly sandboxes = new Set<string>();
  readonly published = new Set<string>();
  readonly names = new Map<string, readonly string[]>();
  readonly spanned = new Map<string, SpannedNetwork>();
  launches = 0;
  /** What goes wrong at the next launch or look at a shim, and at each start and stop. */
  launchError: Error | null = null;
  startError: Error | null = null;
  stopError: Error | null = null;
  lookError: Error | null = null;
  /** How many more removals of network namespaces fail. */
  removeFailures = 0;
  /** Volumes that the image declares. */
  imageVolumes: readonly string[] = [];

  exit(exitCode: number): void {
    for (const container of this.containers.values())
      this.setState(container, { phase: 'exited', pid: null, exitCode });
  }

  /** The shim is killed: its socket closes and nothing is written. */
  killShims(): void {
    for (const container of this.containers.values()) {
      container.isShimAlive = false;
      for (const { resolve } of container.closed) resolve();
    }
  }

  setState(container: FakeContainer, change: Partial<ShimState>): void {
    container.state = { ...container.state, ...change, seq: container.state.seq + 1 };
    writeFileSync(container.stateFile, stateFileText(container.state));
    for (const listener of container.listeners) listener(container.state);
    if (container.state.phase !== 'exited') return;
    container.isShimAlive = false;
    for (const { resolve } of container.closed) resolve();
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** One daemon's life on the machine. `crashAt` counts effects: at that one the daemon stops dead, as if killed. */
export class FakeDaemon {
  readonly machine: FakeMachine;
  readonly table: TaskTable;
  readonly statuses = new Map<string, TaskStatus>();
  readonly history: string[] = [];
  readonly removed = new Set<string>();
  readonly logged: string[] = [];
  /** Versions of endpoints, by network. */
  readonly inEffect = new Map<string, number>();
  /** A manager that knows of no other hosts. */
  leadAway: (taskId: string, signal: AbortSignal) => Promise<readonly string[]> = async () => [];
  effects = 0;
  /** Pauses before another try. */
  retries = 0;
  /** What every image's name means. */
  currentImageId: string | null | undefined = 'sha256:1';
  readonly #crashAt: number;
  #waiting: (() => void)[] = [];
  readonly crashed = Promise.withResolvers<void>();

  constructor(machine: FakeMachine, crashAt = Infinity) {
    this.machine = machine;
    this.#crashAt = crashAt;
    const assigned = new AssignedObjects();
    this.table = new TaskTable(this.#makeHost(assigned), assigned);
  }

  assign(
    objects: readonly (TaskObject | NetworkObject)[],
    options: { full?: boolean; mayRemove?: boolean; removed?: readonly (TaskObject | NetworkObject)[] } = {},
  ): void {
    const upserts = objects.map((object): WireObject => ({
      kind: object.kind,
      id: object.id,
      version: 1,
      document: JSON.stringify(object),
    }));
    const removals = (options.removed ?? []).map(({ kind, id }) => ({ kind, id, version: 1, document: '' }));
    this.table.apply(
      { sequence: 1, full: options.full ?? false, upserts, removals, storeRevision: 0 },
      options.mayRemove ?? false,
      {
        note: (networkId, version) => void this.inEffect.set(networkId, version),
      },
    );
  }

  /** Waits until something that is reported makes the condition true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async untilState(taskId: string, state: string, run = 1): Promise<TaskStatus> {
    const reached = (): TaskStatus | undefined => this.statuses.get(taskId);
    await this.until(() => reached()?.state === state && reached()?.run === run);
    return reached() as TaskStatus;
  }

  async untilRemoved(taskId: string): Promise<void> {
    await this.until(() => this.removed.has(taskId));
  }

  /** An effect on the machine; a dead daemon has none, and nothing it waits for comes. */
  async #effect<T>(name: string, act: () => T): Promise<T> {
    this.effects += 1;
    if (this.effects >= this.#crashAt) {
      this.crashed.resolve();
      await new Promise(() => undefined);
    }
    await new Promise((resolve) => setImmediate(resolve));
    this.history.push(name);
    try {
      return act();
    } finally {
      this.#notify();
    }
  }

  #notify(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #makeHost(assigned: AssignedObjects): TaskHost {
    const networks = this.#makeNetworks();
    return {
      paths: this.machine.paths,
      facts: readHostFacts('/', noFacts),
      initPath: '/init',
      cdiDirectories: [],
      runtimeOf: (name) => name,
      shims: this.#makeShims(),
      images: this.#makeImages(),
      networks,
      volumes: new VolumeStore(
        this.machine.paths.volumes,
        async (trees) => {
          for (const tree of trees) rmSync(tree, { recursive: true, force: true });
        },
        async () => undefined,
        (id) => assigned.isDeleted(id),
      ),
      mounts: new HostMounts(
        { volumes: this.machine.paths.volumeMounts, containers: this.machine.paths.containerMounts },
        this.#makeMountProgram(),
      ),
      removeAnonymousVolume: (name, taskId) => this.table.removeAnonymousVolume(name, taskId),
      limitStorage: async () => undefined,
      label: async () => undefined,
      labelOnce: async () => undefined,
      payloads: new PayloadFiles(this.machine.paths.payloads),
      idRanges: new IdRanges({
        pools: [{ first: 1_000_000, count: 1_000_000 }],
        names: [],
        fileOf: (name) => this.machine.paths.container(name).idRange,
        start: 0,
      }),
      names: new NameRegistry((network, names) => networks.setNames(network, names), 'n1'),
      resolver: () => ({ servers: [], search: [], options: [] }),
      queue: new PQueue({ concurrency: 2 }),
      probe: async () => ({ exitCode: 0, output: '' }),
      sharing: new TaskSharing(this.machine.paths, (...task) => this.table.arrived(...task)),
      findPayload: (stack, kind, key) => assigned.findPayload(stack, kind, key),
      statuses: {
        status: (taskId, status) => {
          this.statuses.set(taskId, status);
          this.#notify();
        },
        removed: (taskId) => {
          this.removed.add(taskId);
          this.#notify();
        },
        flushed: async () => undefined,
      },
      leadAway: (taskId, signal) => this.leadAway(taskId, signal),
      random: () => {
        this.retries += 1;
        return 0.001;
      },
      log: (message) => this.logged.push(message),
    };
  }

  #makeImages(): TaskImages {
    return {
      ensure: (_reference, policy) =>
        this.#effect(`image ${typeof policy === 'string' ? policy : 'refresh'}`, () => ({
          id: 'sha256:1',
          defaults: imageDefaults({ volumes: this.machine.imageVolumes }),
          layers: ['/layers/a'],
        })),
      currentId: () => this.currentImageId,
      copyContent: async () => false,
      copyRoot: (_image, directory, { first }) =>
        this.#effect('copy root', () => writeFileSync(join(directory, 'owner'), String(first))),
    };
  }

  #makeMountProgram(): MountProgram {
    return {
      mount: () => this.#effect('mount', () => undefined),
      mountPart: (_root, _path, to) => this.#effect('mount part', () => void mkdirSync(to, { recursive: true })),
      mountImage: (_layers, _path, to) => this.#effect('mount image', () => void mkdirSync(to, { recursive: true })),
      unmount: (paths) =>
        this.#effect('unmount', () => {
          for (const path of paths) rmSync(path, { recursive: true, force: true });
        }),
    };
  }

  #makeNetworks(): TaskNetworks {
    const { sandboxes, published, names, spanned } = this.machine;
    return {
      get spanned() {
        return [...spanned.values()];
      },
      setEndpoints: (network, endpoints) =>
        this.#effect('connect', () => void spanned.set(network.id, { network, endpoints })),
      removeEndpoints: (networkId) => this.#effect('disconnect', () => void spanned.delete(networkId)),
      ensureNetwork: () => this.#effect('network', () => undefined),
      removeNetwork: () => this.#effect('remove network', () => undefined),
      ensureSandbox: ({ id }) => this.#effect('sandbox', () => void sandboxes.add(id)),
      removeSandbox: (id) =>
        this.#effect('remove sandbox', () => {
          this.machine.removeFailures -= 1;
          if (this.machine.removeFailures >= 0) throw new Error('cannot remove');
          sandboxes.delete(id);
        }),
      publish: ({ id }, _interfaces, ports) =>
        this.#effect('publish', () => {
          published.add(id);
          return ports.map(({ target, protocol }): PublishedPort => ({
            target,
            protocol,
            hostIp: '0.0.0.0',
            published: target,
          }));
        }),
      publishedBy: () => [],
      unpublish: (id) => this.#effect('unpublish', () => void published.delete(id)),
      setNames: (network, set) =>
        this.#effect('names', () => void names.set(network.name, Object.keys(set.names).sort())),
      removeOthers: () => this.#effect('remove others', () => undefined),
    };
  }

  #makeShims(): ShimSeam {
    const { machine } = this;
    return {
      isAlive: (_state, configPath) => {
        const { lookError } = machine;
        machine.lookError = null;
        if (lookError !== null) throw lookError;
        return find(machine, configPath)?.isShimAlive ?? false;
      },
      find: () => null,
      kill: () => machine.killShims(),
      launch: (configPath) =>
        this.#effect('launch', () => {
          const { launchError } = machine;
          machine.launchError = null;
          if (launchError !== null) throw launchError;
          return launch(machine, configPath).state;
        }),
      connect: async (socket) => this.#connect(find(machine, socket)),
      exec: () => Promise.reject<ShimSession>(new Error('not here')),
      attach: () => Promise.reject<ShimSession>(new Error('not here')),
    };
  }

  #connect(container: FakeContainer | undefined): ShimConnection {
    if (container?.isShimAlive !== true) throw new Error('connection refused');
    const closed = Promise.withResolvers<void>();
    container.closed.push(closed);
    const end = (exitCode: number): void => {
      if (container.state.phase !== 'exited')
        this.machine.setState(container, { phase: 'exited', pid: null, exitCode });
    };
    const none = async (): Promise<void> => undefined;
    return {
      closed: closed.promise,
      subscribe: async (onState) => {
        if (this.effects < this.#crashAt) container.listeners.add(onState);
        return container.state;
      },
      start: () =>
        this.#effect('start', () => {
          if (this.machine.startError !== null) throw this.machine.startError;
          this.machine.setState(container, running());
        }),
      stop: () =>
        this.#effect('stop', () => {
          if (this.machine.stopError !== null) throw this.machine.stopError;
          end(143);
        }),
      kill: () => this.#effect('kill', () => end(137)),
      signal: none,
      pause: none,
      resume: none,
      stats: () => Promise.reject(new Error('not here')),
      pids: async () => [],
      close: () => closed.resolve(),
    };
  }
}

function launch(machine: FakeMachine, configPath: string): FakeContainer {
  const config = JSON.parse(readFileSync(configPath, 'utf8')) as { id: string; stateFile: string; autostart: boolean };
  if (machine.containers.get(config.id)?.isShimAlive === true) throw new Error('a second shim for one container');
  machine.launches += 1;
  const container: FakeContainer = {
    state: createdState(config.id),
    stateFile: config.stateFile,
    listeners: new Set(),
    closed: [],
    isShimAlive: true,
  };
  machine.containers.set(config.id, container);
  machine.setState(container, config.autostart ? running() : {});
  return container;
}

function find(machine: FakeMachine, path: string): FakeContainer | undefined {
  return [...machine.containers.values()].find(({ stateFile }) => dirname(stateFile) === dirname(path));
}

function running(): Partial<ShimState> {
  return { phase: 'running', pid: 7, startedAt: new Date().toISOString() };
}

function createdState(id: string): ShimState {
  return {
    id,
    seq: 0,
    phase: 'created',
    pid: null,
    shimPid: 1,
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    signal: null,
    oomKilled: false,
    restartCount: 0,
    nextRestartAt: null,
    error: null,
    droppedLogLines: 0,
    runs: [],
  };
}
