import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { KernelPresence, NodeDescription } from '../../src/model/objects.ts';
import type { ClusterFacts, StreamRequest } from '../../src/rpc/messages.ts';
import { removeEmptyCgroups } from './containers/cgroup-remains.ts';
import { describeError } from './errors.ts';
import { readHostFacts, type OperatorFacts } from './facts/host-facts.ts';
import type { HostFacts } from './facts/host-facts.ts';
import { runProbe } from './health/probe.ts';
import { findRuntime } from './find-runtime.ts';
import { listDirectory } from './if-there.ts';
import { HostImages } from './host-images.ts';
import { HostPaths } from './host-paths.ts';
import type { HostRoots } from './host-paths.ts';
import { hostShims } from './host-shims.ts';
import { ImageService } from './images/image-service.ts';
import { registryDeadlines } from './images/registry/deadlines.ts';
import { NameRegistry } from './names/name-registry.ts';
import { findNativePrograms } from './native-programs.ts';
import type { NativePrograms } from './native-programs.ts';
import { Launcher } from './native/launcher.ts';
import { FileProgram } from './native/file-program.ts';
import { LayerProgram } from './native/layer.ts';
import { mountProgram } from './native/mount-program.ts';
import { refusedConnections } from './networks/net-log.ts';
import { NetworkService } from './networks/network-service.ts';
import { PayloadFiles } from './payloads/payload-files.ts';
import { readHostResolver } from './read-host-resolver.ts';
import { ClusterGuard, type Standing } from './session/cluster-guard.ts';
import { keepConnected } from './session/connection-loop.ts';
import { LeadAway } from './session/lead-away.ts';
import { ManagerLink } from './session/manager-link.ts';
import type { ManagerAccess } from './session/manager-access.ts';
import { SelfDescription } from './session/self-description.ts';
import { StatusReporter } from './session/status-reporter.ts';
import { serveRelay } from './streams/relay-stream.ts';
import { makeStreamHandlers } from './streams/stream-handlers.ts';
import { AssignedObjects } from './tasks/assigned-objects.ts';
import type { TaskHost } from './tasks/task-host.ts';
import { TaskSharing } from './tasks/task-sharing.ts';
import { TaskTable } from './tasks/task-table.ts';
import { readIdPools } from './users/id-pools.ts';
import { IdRanges } from './users/id-ranges.ts';
import { HostMounts } from './volumes/host-mounts.ts';
import { VolumeStore } from './volumes/volume-store.ts';

export interface AgentOptions {
  readonly roots: HostRoots;
  readonly managers: ManagerAccess;
  /** OCI runtime of services that name none, by name or absolute path. */
  readonly runtime: string;
  /** Directories with descriptions of devices (CDI), the last one first to be believed. */
  readonly cdiDirectories: readonly string[];
  /** What the operator says of this host. */
  readonly facts: OperatorFacts;
  readonly log: (message: string) => void;
}

/** Containers that are made or started at once. Half of that work is waiting, so it is more than the cores of a small machine. */
const concurrency = 8;

/** The agent role of a daemon: holds the containers of this host and does what a manager wants of them. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #paths: HostPaths;
  readonly #programs: NativePrograms;
  readonly #launcher: Launcher;
  readonly #over = new AbortController();
  readonly #leadAway = new LeadAway();
  #running: Promise<void> | null = null;
  #isIdle = false;
  #table: TaskTable | null = null;
  #self: SelfDescription | null = null;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#paths = new HostPaths(options.roots);
    this.#programs = findNativePrograms();
    this.#launcher = new Launcher(this.#programs.shim);
  }

  /** Takes up what an earlier daemon held, then keeps a session with the manager. */
  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => {
      this.#options.log(`the agent cannot work: ${describeError(error).message}`);
    });
  }

  /** What this host says of itself to managers, with what was found out since the agent began. */
  get description(): NodeDescription {
    const { roots, facts } = this.#options;
    return this.#self?.current ?? readHostFacts(roots.dataRoot, facts).description;
  }

  /** Ends and removes every container of this host, for one that leaves its cluster. Volumes stay. */
  async removeContainers(): Promise<void> {
    await this.#table?.removeAll();
  }

  /** Lets go of everything; containers run on. Resolves to true when there are none, and then nothing of the agent stays. */
  async stop(): Promise<boolean> {
    this.#over.abort();
    await this.#running;
    this.#launcher.close();
    return this.#isIdle;
  }

  async #run(): Promise<void> {
    for (const directory of [this.#paths.containersRun, this.#paths.networkNamespaces, this.#paths.containersData]) {
      mkdirSync(directory, { recursive: true, mode: 0o711 });
    }
    const facts = readHostFacts(this.#paths.dataRoot, this.#options.facts);
    const guard = new ClusterGuard(this.#paths.agentFile);
    const { nodeId } = guard.identity;
    const description = new SelfDescription(facts.description);
    this.#self = description;
    const networks = await this.#openNetworks(nodeId, facts.description.kernelFeatures.wireguard, description);
    const reporter = new StatusReporter(this.#options.log);
    const assigned = new AssignedObjects();
    const deadlines = registryDeadlines(process.env);
    const link = new ManagerLink(deadlines.idleMs);
    const images = new ImageService({
      dataRoot: this.#paths.dataRoot,
      layerProgram: this.#programs.layer,
      usersOf: (imageId) => table.usersOf(imageId),
      deadlines,
      onNames: () => table.lookAtImages(),
    });
    const table: TaskTable = this.#makeTable(
      facts,
      networks,
      new HostImages(images, new LayerProgram(this.#programs.layer), link),
      reporter,
      assigned,
      nodeId,
    );
    this.#table = table;
    table.adopt();
    images.open().catch((error: unknown) => this.#options.log(`look at the images: ${describeError(error).message}`));
    description.setTunnelKey(networks.tunnelKey);
    await this.#serve(table, images, description, guard, reporter, link);
    await table.release();
    this.#isIdle = table.ids.length === 0;
    if (!this.#isIdle) return networks.close();
    await networks.removeOthers({ ids: [], networks: [] });
    await networks.shutDown();
    removeEmptyCgroups(this.#paths.cgroups);
  }

  /** Until the agent is stopped. */
  async #serve(
    table: TaskTable,
    images: ImageService,
    self: SelfDescription,
    guard: ClusterGuard,
    reporter: StatusReporter,
    link: ManagerLink,
  ): Promise<void> {
    const { managers, log } = this.#options;
    const handlers = makeStreamHandlers(table, images, new FileProgram(this.#programs.layer), () => reporter.flushed());
    const onStream = (request: StreamRequest): void => {
      if (link.client !== null) void serveRelay(link.client, request, handlers);
    };
    const onCluster = (facts: ClusterFacts): void => {
      link.joined();
      managers.onCluster(facts);
    };
    await keepConnected(
      {
        managers: { ...managers, onCluster },
        log,
        guard,
        reporter,
        leadAway: this.#leadAway,
        self,
        onConnected: (client) => link.connected(client),
        onLost: () => link.lost(),
        onOpen: (sessionId) => {
          link.opened(sessionId);
          table.reportAll();
        },
        onStanding: (standing) => this.#judge(table, standing),
        onAssignments: (...assignments) => table.apply(...assignments),
        onStream,
      },
      this.#over.signal,
    );
  }

  #judge(table: TaskTable, standing: Standing): void {
    if (standing === 'accepted') table.attachAll();
    if (standing !== 'set-back') return;
    this.#options.log(
      "the manager's store was set back to an older state: what it does not know of is left alone (`tsstack cluster accept` on a manager says that it counts)",
    );
  }

  #openNetworks(nodeId: string, wireguard: KernelPresence, self: SelfDescription): Promise<NetworkService> {
    const { runRoot, instance } = this.#paths;
    const directory = join(runRoot, 'net');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return NetworkService.open({
      instance,
      nodeId,
      statePath: join(directory, 'published.json'),
      overlayDirectory: join(directory, 'overlays'),
      tunnelKeyPath: join(directory, 'tunnel.key'),
      program: this.#programs.net,
      socketPath: join(directory, 'net.sock'),
      stateDirectory: join(directory, 'state'),
      logPath: join(directory, 'net.log'),
      onEncryption: (problem) => self.setEncryptionProblem(problem),
      wireguard,
      onWireguard: (finding) => self.setWireguard(finding),
      onTunnelKey: (key) => self.setTunnelKey(key),
      spawn: (argv, logPath) => this.#launcher.spawn(argv, logPath),
      log: (message) => {
        if (message.startsWith(refusedConnections)) self.noteRefusal(message, new Date().toISOString());
        this.#options.log(message);
      },
    });
  }

  #openIdRanges(): IdRanges {
    const { containersData, instance } = this.#paths;
    return new IdRanges({
      pools: readIdPools(),
      names: listDirectory(containersData),
      fileOf: (name) => this.#paths.container(name).idRange,
      start: Number.parseInt(instance, 16),
    });
  }

  #makeTable(
    facts: HostFacts,
    networks: NetworkService,
    images: HostImages,
    reporter: StatusReporter,
    assigned: AssignedObjects,
    nodeId: string,
  ): TaskTable {
    const { log } = this.#options;
    const layers = new LayerProgram(this.#programs.layer);
    const host: TaskHost = {
      paths: this.#paths,
      facts,
      initPath: this.#programs.init,
      cdiDirectories: this.#options.cdiDirectories,
      runtimeOf: (name) => findRuntime(name ?? this.#options.runtime, process.env['PATH'] ?? ''),
      shims: hostShims(this.#launcher),
      images,
      networks,
      volumes: new VolumeStore(
        this.#paths.volumes,
        (trees) => layers.remove(trees),
        (from, to) => layers.adoptParents(to, ['.'], [from]),
        (id) => assigned.isDeleted(id),
      ),
      mounts: new HostMounts(
        { volumes: this.#paths.volumeMounts, containers: this.#paths.containerMounts },
        mountProgram(this.#programs.layer),
      ),
      removeAnonymousVolume: (name, taskId) => table.removeAnonymousVolume(name, taskId),
      limitStorage: (trees, bytes) => layers.limit(this.#paths.containersData, trees, bytes),
      label: (label, paths) => layers.label(label, paths),
      labelOnce: (label, paths) => layers.labelOnce(label, paths),
      payloads: new PayloadFiles(this.#paths.payloads),
      idRanges: this.#openIdRanges(),
      names: new NameRegistry((network, names) => networks.setNames(network, names), nodeId),
      resolver: readHostResolver,
      queue: new PQueue({ concurrency }),
      probe: (taskId, check, signal) => runProbe(table.get(taskId), check, signal),
      sharing: new TaskSharing(this.#paths, (...task) => table.arrived(...task)),
      findPayload: (stack, kind, key) => assigned.findPayload(stack, kind, key),
      statuses: reporter,
      leadAway: (taskId, signal) => this.#leadAway.from(taskId, signal),
      random: Math.random,
      log,
    };
    const table = new TaskTable(host, assigned);
    return table;
  }
}
