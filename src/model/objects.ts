/** Objects of the store: an id, a version for optimistic locking, a spec (what a user wants) and, where it applies, a status (what is). */
import type { ProviderSpec } from './provider-spec.ts';
import type { DesiredState, ObservedState } from './states.ts';
import type { UpdateSpec } from './deploy-spec.ts';
import type { NetworkSpec, PayloadSpec, PullPolicy, ServiceSpec, VolumeSpec } from './spec.ts';

interface StoredObject {
  readonly id: string;
  /** Grows with each write of this object; 1 for a new one. */
  readonly version: number;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface StackObject extends StoredObject {
  readonly kind: 'stack';
  readonly name: string;
  readonly workingDir: string;
  readonly files: readonly string[];
  readonly disabledServices: readonly string[];
  /** All that were asked since the stack was made, by their names in the file, so that `down` can end them. */
  readonly providers: Readonly<Record<string, ProviderSpec>>;
  /** True while `down` takes it apart; the object goes last. */
  readonly removing: boolean;
  /** With `removing`: its volumes go too, as `down -v` asked. */
  readonly removeVolumes: boolean;
}

export interface ServiceObject extends StoredObject {
  readonly kind: 'service';
  readonly stack: string;
  readonly name: string;
  readonly spec: ServiceSpec;
  /** Changes when containers have to be replaced; see manager/orchestrators spec-hash. */
  readonly specHash: string;
  /** Counts forced replacements (`up --force-recreate`); part of what a task must match. */
  readonly forceCount: number;
  /** What a rollback goes back to; null when there is nothing. */
  readonly previous: ServiceVersion | null;
  /** The last update by `update_config` or `rollback_config`; null when there was none. */
  readonly update: UpdateStatus | null;
  /** Asked to end by hand (`stop`, `rm`): until it is wanted again, no node and no schedule brings anything of it back. */
  readonly suspended: boolean;
  /** Of a job with a schedule: RFC 3339 time up to which its runs have been made, or passed over. */
  readonly scheduledUntil: string | null;
}

/** What the containers of a service have been made from. */
export interface ServiceVersion {
  readonly spec: ServiceSpec;
  readonly specHash: string;
  readonly forceCount: number;
}

export type UpdateState =
  'updating' | 'paused' | 'completed' | 'rollback_started' | 'rollback_paused' | 'rollback_completed';

/** How far the replacement of a service's containers is. What each slot is at follows from its tasks. */
export interface UpdateStatus {
  readonly state: UpdateState;
  /** One line for people: how far it is, why it is paused. */
  readonly message: string;
  /** RFC 3339; also tells this update from others. */
  readonly startedAt: string;
  readonly completedAt: string | null;
  /** As it was when the update began, or was changed since. */
  readonly config: UpdateSpec;
  /** How many slots there were to replace. */
  readonly total: number;
  /** Slots whose new container has failed; each counts once. */
  readonly failedSlots: readonly number[];
}

export interface NetworkObject extends StoredObject {
  readonly kind: 'network';
  /** Owner, or null when it belongs to no stack. */
  readonly stack: string | null;
  /** Key in the stack file. */
  readonly key: string;
  readonly name: string;
  readonly spec: NetworkSpec;
  /** Empty until the allocator has chosen them; only then are tasks that use it assigned. */
  readonly pools: readonly NetworkPool[];
  readonly bridge: string;
  /** Number of its tunnels between hosts (VXLAN); null until chosen, and for networks on the wire of the hosts. */
  readonly vni: number | null;
  /** The hosts' own addresses on a network that spans several, by node id: one of each family. */
  readonly nodeAddresses: Readonly<Record<string, readonly string[]>>;
  /** Addresses that stand for all containers of a service, by service id: one of each family. */
  readonly virtualAddresses: Readonly<Record<string, readonly string[]>>;
}

/** A subnet of a network; each family that the network has, has one or several. */
export interface NetworkPool {
  /** 172.30.0.0/24 */
  readonly subnet: string;
  /** The host's address in it. */
  readonly gateway: string;
}

export interface VolumeObject extends StoredObject {
  readonly kind: 'volume';
  readonly stack: string | null;
  readonly key: string;
  readonly name: string;
  readonly spec: VolumeSpec;
  /** Anonymous volumes belong to one mount of a slot, see anonymous-volume.ts. Null for named ones, and for those that outlived their slot. */
  readonly anonymousOf: string | null;
  /** Node that holds it; empty until the first task that uses it has been placed. */
  readonly nodeId: string;
  /** True when its content was asked away: it goes after its last user, and nobody gets the next one of its name before that. */
  readonly removing: boolean;
}

export interface PayloadObject extends StoredObject {
  readonly kind: 'secret' | 'config';
  readonly stack: string | null;
  readonly key: string;
  readonly name: string;
  readonly spec: PayloadSpec;
}

export interface NodeObject extends StoredObject {
  readonly kind: 'node';
  readonly hostname: string;
  readonly state: 'ready' | 'down' | 'unknown';
  /** RFC 3339, when it came into that state: a task on a node that is down is unknown since then. */
  readonly stateSince: string;
  readonly availability: 'active' | 'pause' | 'drain';
  /** Managers run tasks too, unless they are drained. */
  readonly role: 'worker' | 'manager';
  /** What it is to become (`node update --role`), until its daemon has; null when it is what it is to be. */
  readonly roleChange: RoleChange | null;
  /** Set by operators (`node update --label-add`); `node.labels.KEY` of constraints and preferences. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where other nodes reach it: the end of its tunnels. Empty on a lone host. */
  readonly address: string;
  /** False when nobody answered the manager there: networks between hosts do not reach it. */
  readonly addressAnswers: boolean;
  /** ADDRESS:PORT where its manager answers; empty on workers and on a lone host. */
  readonly managerAddress: string;
  /** The last one that it was given; null on a lone host. */
  readonly certificate: NodeCertificate | null;
  /** Serial numbers (hexadecimal) of its certificates of a manager, also former ones, until they expire (RFC 3339). */
  readonly managerSerials: Readonly<Record<string, string>>;
  /** Tells its encrypted packets from those of others at their receivers; from 1, another one for each node. 0 = none yet. */
  readonly tunnelNumber: number;
  /** Public key (X25519, base64) of which it and any other node make the keys of what they send each other; another one after each start of its machine. */
  readonly tunnelKey: string;
  /** UDP port at which its WireGuard takes what others send it on encrypted networks; 0 = it has none, and is sent IPsec. */
  readonly tunnelPort: number;
  /** Its agent has seen a newer state of the store than there is: that was set back, and the agent removes nothing on its word. Null = it has not. */
  readonly newerStore: NewerStore | null;
  readonly description: NodeDescription;
}

interface RoleChange {
  readonly to: NodeObject['role'];
  /** Why it cannot, and does not try any more; empty while it is about to. */
  readonly problem: string;
}

/** A state of the store that is no more, and that a node has seen. */
interface NewerStore {
  readonly revision: number;
  /** Of the manager that the node knew then: it knows another one when it has accepted this store. */
  readonly term: string;
  /** An operator has said that the present state counts (`cluster accept`). */
  readonly isAccepted: boolean;
}

export interface NodeCertificate {
  /** Digest of the authority that signed it, as in join tokens. */
  readonly authority: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** There is one, whose id is the store's, once a host has become the first manager of a cluster. Its content, sealed, is its private key and the secrets of its tokens. */
export interface ClusterObject extends StoredObject {
  readonly kind: 'cluster';
  /** PEM of the authorities that nodes rely on; the first one signs. */
  readonly authorities: readonly string[];
  /** PEM of the first authority's certificate, signed by the one before, for nodes that know only that one; null when no node is left that does. */
  readonly crossCertificate: string | null;
  readonly certificateLifetimeMs: number;
  /** Nodes that have left or were removed, until their certificates expire (RFC 3339) by themselves. */
  readonly removedNodes: Readonly<Record<string, string>>;
  /** Serial numbers (hexadecimal) of certificates of managers that are none any more, which the members of etcd refuse, until they expire (RFC 3339). */
  readonly revokedSerials: Readonly<Record<string, string>>;
  /** Which of the keys of encrypted networks is in use, and since when (RFC 3339); the keys themselves are in the sealed content. 0 = none have been made. */
  readonly tunnelKeys: { readonly generation: number; readonly rotatedAt: string };
}

/** What a name of an image means in the cluster: decided by the first who needed it, and from then on the same on every node. */
export interface ImageObject extends StoredObject {
  readonly kind: 'image';
  /** As people write it, with its tag (model/image-name.ts). */
  readonly name: string;
  /** Digest of its configuration. */
  readonly imageId: string;
  /** `linux/amd64`: of that image; nodes of other platforms go by `pinned`. */
  readonly platform: string;
  /** `HOST/REPOSITORY@DIGEST`, where a registry has it for all platforms; null for one that was only loaded, imported or read from a file. */
  readonly pinned: string | null;
  /** Bytes of the uncompressed archives of its layers, lowest first, as that node has them; null for what it only asked the registry about. */
  readonly layerBytes: readonly (number | null)[] | null;
  /** The node that had it, or had asked the registry. */
  readonly nodeId: string;
  /** When the image got the name there, in ms since the epoch. */
  readonly namedAtMs: number;
}

/** What networks, volumes and images may need of a kernel and not every kernel has. */
export type KernelFeature =
  'overlayfs' | 'nftables' | 'vxlan' | 'macvlan' | 'ipvlan' | 'ipvs' | 'wireguard' | 'ipsec-esp' | 'aes-gcm';

/** `unknown` where neither modules nor the build options of the kernel can be looked at. */
export type KernelPresence = 'available' | 'missing' | 'unknown';
export type KernelFeatures = Readonly<Record<KernelFeature, KernelPresence>>;

/** By kind: so many, or these by name. */
export type GenericResources = Readonly<Record<string, number | readonly string[]>>;

export interface NodeDescription {
  readonly hostname: string;
  readonly architecture: string;
  readonly os: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** What its operator says it has, by kind: so many, or these by name (GPUs by UUID). */
  readonly genericResources: GenericResources;
  /** What its operator says of it: `engine.labels.KEY` of constraints and preferences. */
  readonly engineLabels: Readonly<Record<string, string>>;
  /** Kept for the system: nobody can reserve it. */
  readonly systemReserve: { readonly cpus: number; readonly memoryBytes: number };
  readonly cgroup: 'v1' | 'hybrid' | 'v2';
  /** Whether the file system of its data can limit what a container writes (`storage_opt`). */
  readonly limitsStorage: boolean;
  readonly kernelFeatures: KernelFeatures;
  /** What this host lacks and what is done instead, one sentence each. */
  readonly limitations: readonly string[];
  /** Destinations of the host's routes in CIDR form, which address pools avoid. */
  readonly routes: readonly string[];
}

export interface TaskObject extends StoredObject {
  readonly kind: 'task';
  readonly stack: string;
  readonly service: string;
  readonly serviceId: string;
  /** 1, 2, …; the number in the container's name. */
  readonly slot: number;
  readonly nodeId: string | null;
  readonly containerName: string;
  readonly spec: ServiceSpec;
  readonly specHash: string;
  readonly forceCount: number;
  readonly desired: DesiredState;
  /** Next desired state, held back by the manager while others have to come first; null = nothing is held back. Agents act on `desired` alone. */
  readonly gate: TaskGate | null;
  /** While it is held back from a start: how far its pre_start hooks are; null = no hook is in the way. */
  readonly preStart: PreStartProgress | null;
  /** Run that is wanted: `start` and `restart` add 1. The first run is 1. */
  readonly desiredRun: number;
  /** Which request asked for that run; `restart` also of those who follow a restarted one. */
  readonly runReason: 'start' | 'restart';
  /** Grace of the next stop in ms, overriding the spec's (`-t`); null = the spec's; -1 = for ever. */
  readonly stopGraceMs: number | null;
  /** With desired `remove`: remove its anonymous volumes too. */
  readonly removeVolumes: boolean;
  /** One-off container of `run` or of a pre_start hook, else null. */
  readonly oneOff: OneOffSpec | null;
  /** Of the container of a pre_start hook: the one that waits for it, and its place in the list. */
  readonly hookOf: { readonly taskId: string; readonly index: number } | null;
  /** The one node that it may be on, as each of a global service has; null = any. */
  readonly pinnedNode: string | null;
  /** Made by an update in place of another; null = not. */
  readonly rollout: RolloutStep | null;
  /** What its node is to have ready for the container that takes its place, before this one is told to go; null = nothing. */
  readonly successor: SuccessorNeeds | null;
  /** The node that had its images ready before it took its place; null = none. */
  readonly preparedOn: string | null;
  /** Tasks that were in its slot before, oldest first. */
  readonly history: readonly PastTask[];
  /** What the scheduler has given it of its node's generic resources; its container sees it as DOCKER_RESOURCE_<KIND>. */
  readonly genericResources: GenericResources;
  /** Addresses, filled by the allocator. */
  readonly attachments: readonly TaskAttachment[];
  readonly sharedTasks: SharedTasks;
  readonly status: TaskStatus;
}

/** The place of a task in an update. */
export interface RolloutStep {
  /** `startedAt` of the update. */
  readonly update: string;
  /** Id of the task whose place it takes. With start-first both are there for a time, and it takes over the ports that are published. */
  readonly replaces: string;
  /** `create-first` is stop-first where the container moves: it is made before the other one is told to go, and started when that one is gone. */
  readonly order: 'stop-first' | 'start-first' | 'create-first';
  /** RFC 3339, when it was seen to have come up, healthy where there is a check; null before. */
  readonly upSince: string | null;
}

/** The images that an update needs on the node of the container that it replaces. */
export interface SuccessorNeeds {
  /** `startedAt` of the update. */
  readonly update: string;
  /** RFC 3339. */
  readonly askedAt: string;
  /** Of the container and of its image mounts. */
  readonly images: readonly string[];
  readonly pullPolicy: PullPolicy;
}

/** How far a node is with them. */
export interface SuccessorStatus {
  /** As in the needs. */
  readonly update: string;
  readonly state: 'preparing' | 'ready' | 'failed';
  /** RFC 3339, when it came into that state. */
  readonly at: string;
  /** One line for people: how far it is, why it failed. */
  readonly message: string;
}

/** A task that another one has followed in its slot; nothing of it is left on a node. */
export interface PastTask {
  readonly id: string;
  readonly nodeId: string | null;
  readonly image: string;
  readonly specHash: string;
  /** `shutdown` when it was replaced while nothing was wrong with it. */
  readonly state: ObservedState;
  /** RFC 3339. */
  readonly at: string;
  /** Why it ended, or was followed by another one. */
  readonly message: string;
  /** Which try in a row of those that failed; 0 for one that did not. */
  readonly attempt: number;
}

/** Ids of the tasks whose namespaces (`network_mode`, `pid` and `ipc` with service:x or container:x; null = its own) and volumes a task shares. */
export interface SharedTasks {
  readonly network: string | null;
  readonly pid: string | null;
  readonly ipc: string | null;
  /** In the order of `volumes_from`; null where there is none. */
  readonly volumes: readonly (string | null)[];
}

/** The pre_start hooks on the way to one start. */
interface PreStartProgress {
  /** The hook whose turn it is; those before it have ended with 0, or need not run. */
  readonly index: number;
  /** True until the containers of earlier attempts have been told to go. */
  readonly isNew: boolean;
  /** The start was asked for without dependencies (`--no-deps`). */
  readonly ignoresDependencies: boolean;
}

/**
 * What a task becomes when its turn has come: `running` waits for the conditions of depends_on, `stopped` and `remove` wait until dependants
 * that go too have ended.
 */
export interface TaskGate {
  readonly next: 'running' | 'stopped' | 'remove';
  /** With `running`: the run that begins then. */
  readonly run: number;
  /** What it waits for, one line for people: `waits for db to be healthy`. */
  readonly message: string;
  /** True when the wait cannot end well as things are (`dependency failed to start: container p-db-1 exited (1)`); it still ends if they change. */
  readonly failed: boolean;
}

/** A container of `run` or of a pre_start hook: nothing restarts it and nothing replaces it. */
export interface OneOffSpec {
  /** Remove everything of it when it has ended (`--rm`). */
  readonly autoRemove: boolean;
  /** Names of the service resolve to it too (`--use-aliases`). */
  readonly useAliases: boolean;
}

export interface TaskAttachment {
  readonly networkId: string;
  /** Key of the network in the stack. */
  readonly network: string;
  /** One of each family that the network has, IPv4 first, with prefix length: 172.30.0.5/24. */
  readonly addresses: readonly string[];
  /** The host's address in the subnet of each. */
  readonly gateways: readonly string[];
  readonly mac: string;
  readonly aliases: readonly string[];
}

/** Written by the agent that holds the task (by managers up to `assigned`). */
export interface TaskStatus {
  readonly run: number;
  readonly state: ObservedState;
  /** RFC 3339, when this state was reached. */
  readonly at: string;
  /** One line for people: why it is pending, why it failed. */
  readonly message: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  readonly container: ContainerStatus | null;
  /** What has come of `TaskObject.successor`; null = nothing is asked. */
  readonly successor: SuccessorStatus | null;
}

/** A reference that means another image than when a container was made. */
interface MovedImage {
  readonly reference: string;
  readonly imageId: string;
  readonly currentImageId: string;
}

/** What is known of the container while it exists. */
export interface ContainerStatus {
  readonly imageId: string;
  /**
   * Image that the reference means on the container's node by now: not imageId any more after a pull, load or import under that name.
   * Null when nothing there has the name.
   */
  readonly currentImageId: string | null;
  readonly imageReference: string;
  /** Image mounts whose references mean other images there by now. */
  readonly movedMounts: readonly MovedImage[];
  /** argv as it was started. */
  readonly command: readonly string[];
  readonly phase: 'created' | 'running' | 'paused' | 'restarting' | 'stopping' | 'exited';
  readonly pid: number | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  readonly restartCount: number;
  /** Name of the signal that ended the last run, such as SIGKILL. */
  readonly signal: string | null;
  /** Lines of output that the log lost, because its disk was full and its mode is non-blocking. */
  readonly droppedLogLines: number;
  /** Ended runs, oldest first, at most the last 16; also those of which nobody was there to hear. */
  readonly runs: readonly EndedRun[];
  /** Null without a healthcheck. */
  readonly health: {
    readonly state: 'starting' | 'healthy' | 'unhealthy';
    readonly failingStreak: number;
    readonly lastOutput: string;
  } | null;
  readonly ports: readonly PublishedPort[];
  /** The names of its service resolve to it and its ports lead to it; false before, and once it is asked to end. */
  readonly serving: boolean;
  /** Names of named volumes, paths of binds. */
  readonly mounts: readonly string[];
  /** The hooks inside the container that this run has come to; null before the first. */
  readonly hook: HookStatus | null;
}

/** How far the hooks of one kind have got in a run. */
export interface HookStatus {
  readonly event: 'post_start' | 'pre_stop';
  readonly state: 'running' | 'done' | 'failed';
  /** Of the hook that runs or has failed, else the number of hooks; those before it are done. */
  readonly index: number;
  /** Why it failed: `web hook exited with status 3`. */
  readonly message: string;
  /** What a failed one said last. */
  readonly output: string;
}

/** How one run of a container went. */
export interface EndedRun {
  /** Null when its program could not be started. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly oomKilled: boolean;
}

export interface PublishedPort {
  readonly target: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** `0.0.0.0` and `::` = all. */
  readonly hostIp: string;
  readonly published: number;
}

export type ModelObject =
  | StackObject
  | ServiceObject
  | NetworkObject
  | VolumeObject
  | PayloadObject
  | NodeObject
  | TaskObject
  | ClusterObject
  | ImageObject;
export type ObjectKind = ModelObject['kind'];
