// Generated from proto/ by tools/generate-proto.ts: do not edit.
import type { MessageFields } from '../wire/field.ts';
import type { MethodTable } from '../wire/method.ts';

export interface GetInfoRequest {}

export interface GetInfoResponse {
  readonly version: string;
  readonly clusterId: string;
  readonly dataRoot: string;
  readonly runRoot: string;
  /** The daemon's process id. */
  readonly pid: number;
  /** JSON of NodeDescription of this host; empty when its agent has not joined within seconds of the daemon's first start. */
  readonly node: string;
  readonly startedAtMs: number;
  /** manager or worker. */
  readonly role: string;
}

export interface ApplyStackRequest {
  /** JSON of StackSpec. */
  readonly spec: string;
  /** Services to act on, with their dependencies unless no_deps; empty = all. */
  readonly services: readonly string[];
  readonly noDeps: boolean;
  readonly forceRecreate: boolean;
  /** Keep diverged containers as they are. */
  readonly noRecreate: boolean;
  readonly alwaysRecreateDeps: boolean;
  /** Remove containers of services that the file no longer has, and finished one-offs. */
  readonly removeOrphans: boolean;
  /** Create containers but start none. */
  readonly noStart: boolean;
  /** New anonymous volumes instead of the previous containers'. */
  readonly renewAnonymousVolumes: boolean;
  /** Grace of stops in ms; -1 = for ever; absent = the services' own. */
  readonly stopGraceMs: number | null;
  /** Only plan. */
  readonly dryRun: boolean;
  /** Number of tasks by service, beating the file's. */
  readonly scale: Readonly<Record<string, number>>;
  /** What becomes of volumes whose definition has changed. keep (also when empty): they stay as they are, with a warning. recreate: they are made anew, and so are the containers that use them; their content is lost. ask: as keep, but if there are any, nothing at all is written and the answer names them. */
  readonly changedVolumes: string;
  /** Names of volumes that are made anew if their definition has changed, whatever changed_volumes says. */
  readonly recreateVolumes: readonly string[];
}

export interface ApplyStackResponse {
  /** What was, or would be, done; empty when nothing changes. */
  readonly steps: readonly PlanStep[];
  /** Tasks that have to be up for the apply to have converged: those of the selected services and their dependencies. */
  readonly taskIds: readonly string[];
  /** Containers of services that the file does not have, left alone. */
  readonly orphans: readonly string[];
  readonly warnings: readonly string[];
  /** With changed_volumes ask: steps that lose content and that somebody has to agree to; nothing was written. */
  readonly volumeQuestions: readonly PlanStep[];
  /** Selected services whose containers are being replaced slot by slot (update_config); watch their `update` for the end. */
  readonly updating: readonly string[];
}

export interface UpdateServiceRequest {
  readonly stack: string;
  readonly service: string;
  /** Version that the caller has seen: another one is a conflict. 0 = any. */
  readonly version: number;
  /** Replace every container; of a job: run it now. */
  readonly force: boolean;
  /** Empty = as it is. */
  readonly image: string;
  readonly replicas: number | null;
}

export interface RollbackServiceRequest {
  readonly stack: string;
  readonly service: string;
  /** As in UpdateServiceRequest. */
  readonly version: number;
}

export interface UpdateNodeRequest {
  /** Id, beginning of an id, or hostname. */
  readonly node: string;
  readonly addLabels: Readonly<Record<string, string>>;
  /** Names of labels that it has. */
  readonly removeLabels: readonly string[];
  /** active, pause or drain; empty = as it is. */
  readonly availability: string;
  /** worker or manager: what it is to become, which its daemon does when it hears of it; empty = as it is. */
  readonly role: string;
}

export interface UpdateNodeResponse {
  readonly id: string;
}

export interface RemoveNodeRequest {
  /** Id, beginning of an id, or hostname. */
  readonly node: string;
  readonly force: boolean;
}

export interface RemoveNodeResponse {
  readonly id: string;
}

export interface RebalanceServiceRequest {
  readonly stack: string;
  readonly service: string;
}

export interface ServiceChangeResponse {
  /** What is done; empty when nothing changes. */
  readonly steps: readonly PlanStep[];
  /** Containers that have to be up for the change to have been made. */
  readonly taskIds: readonly string[];
  /** The containers are replaced slot by slot; watch the service's `update` for the end. */
  readonly updating: boolean;
}

export interface PlanStep {
  /** create, replace, update, start, stop, remove, keep, scale. */
  readonly action: string;
  /** network, volume, container, secret, config. */
  readonly kind: string;
  readonly name: string;
  readonly service: string;
  /** Why: which attribute changed, old and new value (secrets hidden). */
  readonly reasons: readonly string[];
}

export interface RemoveStackRequest {
  readonly stack: string;
  /** Only these services and what depends on them; empty = the whole stack. */
  readonly services: readonly string[];
  readonly volumes: boolean;
  readonly removeOrphans: boolean;
  readonly stopGraceMs: number | null;
  /** local, all or empty. The images come back as steps of kind image, for the client to remove when the stack is gone. */
  readonly removeImages: string;
  /** Services that count as the stack's: containers of others are orphans. Empty = those that it had at its last apply. */
  readonly knownServices: readonly string[];
}

export interface RemoveStackResponse {
  /** Names and kinds of what will go, for the progress display. */
  readonly steps: readonly PlanStep[];
  readonly warnings: readonly string[];
}

export interface ActOnTasksRequest {
  readonly stack: string;
  /** start, stop, restart, remove. */
  readonly action: string;
  /** Empty = all. */
  readonly services: readonly string[];
  readonly stopGraceMs: number | null;
  /** restart: leave dependants alone; start: leave dependencies alone. */
  readonly noDeps: boolean;
  /** remove: stop running ones first; else only ended containers are removed. */
  readonly stopFirst: boolean;
  /** remove: anonymous volumes too. */
  readonly volumes: boolean;
  /** Exactly these tasks, instead of services. */
  readonly taskIds: readonly string[];
}

export interface ActOnTasksResponse {
  /** Tasks whose desired state or run was changed, in the order in which it will happen; with start also those that wait for their turn already. */
  readonly taskIds: readonly string[];
}

export interface CreateOneOffRequest {
  /** JSON of StackSpec, in which `service` already holds the changed container (command, environment, …) for this run. */
  readonly spec: string;
  readonly service: string;
  readonly noDeps: boolean;
  readonly autoRemove: boolean;
  readonly useAliases: boolean;
  /** Literal container name; empty = <stack>-<service>-run-<12 digits>. */
  readonly name: string;
  readonly removeOrphans: boolean;
}

export interface CreateOneOffResponse {
  readonly taskId: string;
  readonly containerName: string;
  /** Tasks of dependencies that have to be satisfied first. */
  readonly dependencyTaskIds: readonly string[];
}

export interface CreateObjectRequest {
  /** network, volume, secret or config. */
  readonly kind: string;
  /** JSON of NetworkSpec, VolumeSpec or PayloadSpec (with its content). */
  readonly spec: string;
}

export interface CreateObjectResponse {
  readonly id: string;
  /** False: a volume just like it is there already. */
  readonly created: boolean;
}

export interface RemoveObjectsRequest {
  /** network, volume, secret or config. */
  readonly kind: string;
  readonly names: readonly string[];
  /** Instead of names: all of the kind that nothing uses; of volumes only anonymous ones unless all. */
  readonly unused: boolean;
  readonly all: boolean;
  /** Names that nothing has are passed over. */
  readonly ignoreMissing: boolean;
}

export interface RemoveObjectsResponse {
  /** Names of what was removed. */
  readonly names: readonly string[];
}

export interface ListObjectsRequest {
  /** Empty = every stack. Nodes, if they are named below, come whatever the stack. */
  readonly stack: string;
  readonly kinds: readonly string[];
}

export interface ListObjectsResponse {
  readonly objects: readonly WireObject[];
  /** Why this may not be the latest, one line for people: the store cannot be reached. Empty = it is. */
  readonly stale: string;
  /** `host:port` of the manager that leads. Empty = none does now, or there is one manager only. */
  readonly leader: string;
}

export interface WatchRequest {
  readonly stack: string;
  readonly kinds: readonly string[];
}

export interface WatchResponse {
  /** Changes that became visible together, in order. */
  readonly objects: readonly WireObject[];
  /** The objects sent so far are complete; what does not fit into one message comes in several, of which the last one says so. */
  readonly synced: boolean;
  /** As in ListObjectsResponse, of the beginning of the watch. */
  readonly stale: string;
}

export interface EventsRequest {
  readonly stack: string;
  readonly services: readonly string[];
  /** Milliseconds since the epoch; 0 = from now on. */
  readonly sinceMs: number;
  /** 0 = for ever. */
  readonly untilMs: number;
}

export interface Event {
  readonly timeNs: number;
  readonly type: string;
  readonly action: string;
  readonly service: string;
  /** Container id. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface AcceptStoreRequest {}

export interface AcceptStoreResponse {
  /** Of the nodes that have seen a newer one. */
  readonly nodeIds: readonly string[];
  readonly hostnames: readonly string[];
}

/** One object of the store. The document is the JSON of src/model/objects.ts (secret contents never in it, except in assignments). */
export interface WireObject {
  /** stack, service, task, network, volume, secret, config, node, cluster, image. */
  readonly kind: string;
  readonly id: string;
  readonly version: number;
  /** Empty when the object was deleted. */
  readonly document: string;
}

/** A problem for people; sent with failed calls as the metadata entry `tsstack-error` (JSON of the same shape) and inside streams. */
export interface Problem {
  /** ErrorCode of src/model/errors.ts. */
  readonly code: string;
  readonly message: string;
  /** What to do next; may be empty. */
  readonly hint: string;
  readonly retryable: boolean;
  /** Keys from the root of the stack file to what it is about; empty when it is about nothing in a file. */
  readonly keys: readonly string[];
  /** ADDRESS:PORT of the manager that can do it, where it is not this one; empty otherwise. */
  readonly askInstead: string;
}

/** Unit of every two-way stream between a client, the manager and the agent that holds the thing (exec, attach, logs, image transfer, …). The first frame of a client is `open`; the last frame of the other side is `exit` or `problem`. */
export type Frame =
  | { readonly content: 'open'; readonly open: OpenStream }
  /** Bytes for the process, or of an uploaded file. */
  | { readonly content: 'stdin'; readonly stdin: Buffer }
  /** No more bytes follow in that direction. */
  | { readonly content: 'end'; readonly end: boolean }
  | { readonly content: 'stdout'; readonly stdout: Buffer }
  | { readonly content: 'stderr'; readonly stderr: Buffer }
  | { readonly content: 'resize'; readonly resize: Resize }
  /** A JSON document whose shape depends on the kind of stream (progress, one answer, …; see src/rpc/stream-kinds.ts). */
  | { readonly content: 'document'; readonly document: string }
  | { readonly content: 'exit'; readonly exit: Exit }
  | { readonly content: 'problem'; readonly problem: Problem }
  /** As stdout, compressed by zstd: at most 1 MiB when unpacked. */
  | { readonly content: 'packedStdout'; readonly packedStdout: Buffer };

export interface OpenStream {
  /** Kind of stream: exec, attach, logs, top, stats, signal, pause, unpause, image.pull, image.load, image.import, image.list, image.remove, … The kinds and the shapes of their arguments and documents are the table in src/rpc/stream-kinds.ts. */
  readonly kind: string;
  /** Task (= container) that it is about; empty for streams about a node. */
  readonly taskId: string;
  /** Node that it is about when there is no task; empty = the manager's own. */
  readonly nodeId: string;
  /** Arguments as JSON. */
  readonly arguments: string;
}

export interface Resize {
  readonly rows: number;
  readonly columns: number;
}

export interface Exit {
  /** 128+n after signal n; -1 when a deadline ended it. */
  readonly code: number;
}

export interface SessionRequest {
  readonly nodeId: string;
  /** JSON of NodeDescription. */
  readonly description: string;
  /** Cluster that the agent knows; empty for a new agent. A manager of another cluster is refused by the agent. */
  readonly clusterId: string;
  /** Where other nodes reach this one; empty on a lone host. */
  readonly address: string;
  /** Public key (X25519, 32 bytes) of which it and any other node make the keys of what they send each other on encrypted networks. Another one after each start of its machine; empty from agents that make no tunnels. */
  readonly tunnelKey: Buffer;
  /** The last term of a manager, and the highest revision of its store, that the agent has heard of; empty and 0 for a new agent. */
  readonly knownTerm: string;
  readonly knownRevision: number;
  /** UDP port at which its WireGuard takes what other nodes send it on encrypted networks, with `tunnel_key` as its key; 0: it has none, and they send it IPsec. */
  readonly tunnelPort: number;
}

export interface SessionMessage {
  readonly sessionId: string;
  readonly clusterId: string;
  /** Grows when the store is restored or made anew; the agent refuses removals by a lower or unknown epoch. */
  readonly storeEpoch: number;
  /** A stream that the agent shall open with Relay. */
  readonly stream: StreamRequest | null;
  /** With the first message, and when it has changed; absent on a lone host. */
  readonly cluster: ClusterFacts | null;
  /** Changes each time that a manager begins to lead. */
  readonly storeTerm: string;
  /** What the agent may know at most: the present revision, if it knows this term; else the one that the term began with. If it knows a higher one, the store was set back to an older state: what that does not mention is left alone. */
  readonly storeRevision: number;
  /** An operator has said that this store counts, though the agent knows a higher revision. */
  readonly isAccepted: boolean;
}

/** What a node has to know of its cluster. */
export interface ClusterFacts {
  /** ADDRESS:PORT of every manager. */
  readonly managers: readonly string[];
  /** PEM of every authority that nodes rely on. The first one signs: a node whose certificate is of another asks for a new one. */
  readonly authorities: string;
  /** worker or manager: what the node that is told is to be. One that is not asks for that role (Authority.TakeRole). */
  readonly role: string;
  /** How many nodes the cluster has, at the time of the message: over the more time they spread what all of them do in the same moment. */
  readonly nodes: number;
}

export interface StreamRequest {
  readonly streamId: string;
  readonly open: OpenStream | null;
}

export interface ReportRequest {
  readonly sessionId: string;
  /** 0: a heartbeat. Else the number of a batch, 1, 2 and so on in each stream. The next batch is sent when the one before was answered: until then a manager reads nothing more, so that nobody makes it keep more than one. */
  readonly batch: number;
  /** Only of tasks assigned to the node of the session. One of which an answer did not come is sent again, in this stream or the next one; what was stored already changes nothing then. */
  readonly updates: readonly TaskStatusUpdate[];
}

export interface ReportResponse {
  /** Time from this answer to the next heartbeat; an answer to a batch puts it off. */
  readonly periodMs: number;
  /** The batch that was stored, with the exception below; 0 in the answer to a heartbeat, which may overtake that to a batch. */
  readonly batch: number;
  /** Code permission or invalid: the updates that it is about were refused and must not come again, the rest is stored. Any other: nothing is stored, and is to be sent again. */
  readonly problem: Problem | null;
}

export interface AssignmentsRequest {
  readonly sessionId: string;
  /** The node takes objects of the kind `endpoints-change` (src/model/endpoints-change.ts): the difference to the endpoints of a network that this stream has brought before. Without it (agents of earlier versions) endpoints come as a whole. */
  readonly takesChanges: boolean;
}

export interface AssignmentsMessage {
  readonly sequence: number;
  /** True: whatever is not in `upserts` is no longer assigned. */
  readonly full: boolean;
  /** Tasks, and the networks, volumes, secrets and configs that they need (secrets with content). In the order in which they are to be applied. */
  readonly upserts: readonly WireObject[];
  /** Kind and id only. A task comes here after it was reported removed. A network that comes here has no user left on the node: its bridge goes. A volume stays assigned to the node that holds it for as long as it exists: its removal is the request to delete its content. */
  readonly removals: readonly WireObject[];
  /** How many transactions the store had seen when the message was made. */
  readonly storeRevision: number;
}

export interface TaskStatusUpdate {
  readonly taskId: string;
  /** JSON of TaskStatus. */
  readonly status: string;
  /** The task was removed from the node with everything of it, as desired: the object can go. */
  readonly removed: boolean;
}

export interface ReportEndpointsRequest {
  readonly sessionId: string;
  readonly applied: readonly AppliedEndpoints[];
}

export interface AppliedEndpoints {
  readonly networkId: string;
  /** Of the EndpointsObject, or of an earlier one than what is in effect. */
  readonly version: number;
}

export interface ReportEndpointsResponse {}

export interface LeadAwayRequest {
  readonly sessionId: string;
  readonly taskId: string;
}

export interface LeadAwayResponse {
  /** Host names. */
  readonly lateNodes: readonly string[];
}

export interface FindImageRequest {
  readonly sessionId: string;
  /** As the service names it. */
  readonly reference: string;
  /** False (pull_policy: never): no registry is asked. */
  readonly mayPull: boolean;
}

export interface FindImageResponse {
  /** JSON of FoundImage (src/model/found-image.ts); empty when the node is the only one, or the image is a directory of its own. */
  readonly image: string;
}

export interface WatchLeaderRequest {}

export interface LeaderMessage {
  /** ADDRESS:PORT of the manager that leads; empty while none does. */
  readonly address: string;
}

export interface GetAuthorityRequest {}

export interface GetAuthorityResponse {
  /** PEM; the authority that tokens name by its digest. */
  readonly certificate: string;
  /** Clock of the manager, milliseconds since the epoch: certificates are of no use to hosts whose clocks differ much. */
  readonly timeMs: number;
}

export interface JoinRequest {
  /** TSTKN-1-<digest of the authority>-<secret>. */
  readonly token: string;
  /** PEM of a PKCS #10 request; of it only the public key counts. */
  readonly certificateRequest: string;
  /** JSON of NodeDescription. */
  readonly description: string;
  /** Where other nodes reach the host. */
  readonly address: string;
  /** ADDRESS:PORT where it will listen if the token makes it a manager. */
  readonly managerAddress: string;
  /** Whether etcd is installed there, of which managers run a member each. */
  readonly hasEtcd: boolean;
}

export interface JoinResponse {
  readonly issued: IssuedCertificate | null;
  readonly nodeId: string;
  readonly clusterId: string;
  /** worker or manager, as the token said. */
  readonly role: string;
  /** ADDRESS:PORT of every manager. */
  readonly managers: readonly string[];
  /** What the operator should look at; the host has joined all the same. */
  readonly warnings: readonly string[];
  /** For managers. */
  readonly store: StoreAccess | null;
}

/** How a manager gets at what the cluster has stored. */
export interface StoreAccess {
  /** JSON of StoreSetting. */
  readonly setting: string;
  /** The key that seals contents. */
  readonly sealKey: Buffer;
}

export interface IssuedCertificate {
  /** PEM: the node's certificate, then what leads from it to an authority that other nodes may still rely on. */
  readonly chain: string;
  /** PEM of every authority that nodes rely on. */
  readonly authorities: string;
}

export interface RenewRequest {
  /** PEM of a PKCS #10 request. */
  readonly certificateRequest: string;
}

export interface TakeRoleRequest {
  /** PEM of a PKCS #10 request. */
  readonly certificateRequest: string;
  /** Where other nodes reach the host by now. */
  readonly address: string;
  /** ADDRESS:PORT where it listens, or will if it is to be a manager. */
  readonly managerAddress: string;
  /** Whether etcd is installed there, of which managers run a member each. */
  readonly hasEtcd: boolean;
}

export interface TakeRoleResponse {
  readonly issued: IssuedCertificate | null;
  /** worker or manager. */
  readonly role: string;
  /** ADDRESS:PORT of every manager. */
  readonly managers: readonly string[];
  /** For managers. */
  readonly store: StoreAccess | null;
}

export interface LeaveRequest {
  /** Also when volumes of the cluster are only on this host. */
  readonly force: boolean;
}

export interface LeaveResponse {}

export interface GetJoinTokenRequest {
  /** worker or manager. */
  readonly role: string;
}

export interface RotateAuthorityRequest {}

export interface RotateAuthorityResponse {
  /** Nodes that have to take a new certificate. */
  readonly nodes: number;
}

export interface RotateTunnelKeysRequest {}

export interface RotateTunnelKeysResponse {
  /** How many times it has been done, this one included. */
  readonly generation: number;
}

export interface JoinToken {
  readonly token: string;
  /** ADDRESS:PORT of every manager. */
  readonly managers: readonly string[];
}

export interface SetAddressRequest {
  /** Where other nodes reach this host, on a manager also ADDRESS:PORT; empty = unchanged. */
  readonly address: string;
  /** Only on a worker: ADDRESS or ADDRESS:PORT of a manager; empty = unchanged. */
  readonly manager: string;
}

export interface SetAddressResponse {
  readonly address: string;
  /** ADDRESS:PORT of the managers that this host knows now. */
  readonly managers: readonly string[];
}

export interface InitClusterRequest {
  /** Where other nodes reach this host: ADDRESS or ADDRESS:PORT. Empty = the address that leads out of this host. */
  readonly advertise: string;
  /** ADDRESS:PORT to listen at; empty = every address, port 2377. */
  readonly listen: string;
  /** How long certificates of nodes are good; 0 = 90 days. At least an hour. */
  readonly certificateLifetimeMs: number;
}

export interface InitClusterResponse {
  readonly nodeId: string;
  /** ADDRESS:PORT where other hosts join. */
  readonly address: string;
  /** For workers. */
  readonly token: string;
  readonly warnings: readonly string[];
}

export interface JoinClusterRequest {
  readonly token: string;
  /** ADDRESS or ADDRESS:PORT of a manager. */
  readonly manager: string;
  /** As with InitCluster; empty = the address from which the manager is reached. */
  readonly advertise: string;
  readonly listen: string;
}

export interface JoinClusterResponse {
  readonly nodeId: string;
  readonly role: string;
  readonly warnings: readonly string[];
}

export interface LeaveClusterRequest {
  /** Also when no manager can be reached, or volumes or nodes of the cluster stay behind. */
  readonly force: boolean;
}

export interface LeaveClusterResponse {
  readonly warnings: readonly string[];
}

export interface SetAutolockRequest {
  readonly enabled: boolean;
}

export interface SetAutolockResponse {
  /** Known to nobody else from now on; empty when there is no lock any more. */
  readonly unlockKey: string;
}

export interface UnlockRequest {
  readonly unlockKey: string;
}

export interface UnlockResponse {}

export interface MigrateStoreRequest {
  /** sqlite, etcd (of which each manager runs a member), or etcd://HOST[:PORT][,HOST[:PORT]...][/PREFIX]. */
  readonly to: string;
  /** For an etcd that speaks TLS, in PEM: its authority, and the certificate and key with which to go there. All three or none. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface MigrateStoreResponse {
  /** Where it was before, in the same form. */
  readonly from: string;
}

export interface RecoverStoreRequest {}

export interface RecoverStoreResponse {
  /** Hostnames of the managers that were removed. */
  readonly removed: readonly string[];
}

export interface GetClusterStatusRequest {}

export interface ClusterStatus {
  /** lone, manager or worker. */
  readonly role: string;
  readonly clusterId: string;
  readonly nodeId: string;
  /** Where other nodes reach this host; empty when it is alone. */
  readonly address: string;
  /** Managers known here, ADDRESS:PORT. */
  readonly managers: readonly string[];
  /** Milliseconds since the epoch; 0 without a certificate. */
  readonly certificateExpiresMs: number;
  /** Why this host has no session with a manager; empty when it has one. */
  readonly problem: string;
  /** On managers: hostnames of nodes that have not replaced their certificates yet since the authority was. */
  readonly outdatedNodes: readonly string[];
  /** On a manager: where the cluster's objects are, as in MigrateStoreRequest. */
  readonly store: string;
  /** The manager that leads, ADDRESS:PORT; empty where there can be only one, and while none leads. */
  readonly leader: string;
  /** On a manager: those of the etcd that managers run. */
  readonly storeMembers: readonly StoreMember[];
}

export interface StoreMember {
  /** HOST:PORT where it listens to the others. */
  readonly address: string;
  /** leader, follower, catching up, does not answer. */
  readonly state: string;
}

/** Message types by their name in proto/. */
export interface Messages {
  readonly GetInfoRequest: GetInfoRequest;
  readonly GetInfoResponse: GetInfoResponse;
  readonly ApplyStackRequest: ApplyStackRequest;
  readonly ApplyStackResponse: ApplyStackResponse;
  readonly UpdateServiceRequest: UpdateServiceRequest;
  readonly RollbackServiceRequest: RollbackServiceRequest;
  readonly UpdateNodeRequest: UpdateNodeRequest;
  readonly UpdateNodeResponse: UpdateNodeResponse;
  readonly RemoveNodeRequest: RemoveNodeRequest;
  readonly RemoveNodeResponse: RemoveNodeResponse;
  readonly RebalanceServiceRequest: RebalanceServiceRequest;
  readonly ServiceChangeResponse: ServiceChangeResponse;
  readonly PlanStep: PlanStep;
  readonly RemoveStackRequest: RemoveStackRequest;
  readonly RemoveStackResponse: RemoveStackResponse;
  readonly ActOnTasksRequest: ActOnTasksRequest;
  readonly ActOnTasksResponse: ActOnTasksResponse;
  readonly CreateOneOffRequest: CreateOneOffRequest;
  readonly CreateOneOffResponse: CreateOneOffResponse;
  readonly CreateObjectRequest: CreateObjectRequest;
  readonly CreateObjectResponse: CreateObjectResponse;
  readonly RemoveObjectsRequest: RemoveObjectsRequest;
  readonly RemoveObjectsResponse: RemoveObjectsResponse;
  readonly ListObjectsRequest: ListObjectsRequest;
  readonly ListObjectsResponse: ListObjectsResponse;
  readonly WatchRequest: WatchRequest;
  readonly WatchResponse: WatchResponse;
  readonly EventsRequest: EventsRequest;
  readonly Event: Event;
  readonly AcceptStoreRequest: AcceptStoreRequest;
  readonly AcceptStoreResponse: AcceptStoreResponse;
  readonly Object: WireObject;
  readonly Problem: Problem;
  readonly Frame: Frame;
  readonly OpenStream: OpenStream;
  readonly Resize: Resize;
  readonly Exit: Exit;
  readonly SessionRequest: SessionRequest;
  readonly SessionMessage: SessionMessage;
  readonly ClusterFacts: ClusterFacts;
  readonly StreamRequest: StreamRequest;
  readonly ReportRequest: ReportRequest;
  readonly ReportResponse: ReportResponse;
  readonly AssignmentsRequest: AssignmentsRequest;
  readonly AssignmentsMessage: AssignmentsMessage;
  readonly TaskStatusUpdate: TaskStatusUpdate;
  readonly ReportEndpointsRequest: ReportEndpointsRequest;
  readonly AppliedEndpoints: AppliedEndpoints;
  readonly ReportEndpointsResponse: ReportEndpointsResponse;
  readonly LeadAwayRequest: LeadAwayRequest;
  readonly LeadAwayResponse: LeadAwayResponse;
  readonly FindImageRequest: FindImageRequest;
  readonly FindImageResponse: FindImageResponse;
  readonly WatchLeaderRequest: WatchLeaderRequest;
  readonly LeaderMessage: LeaderMessage;
  readonly GetAuthorityRequest: GetAuthorityRequest;
  readonly GetAuthorityResponse: GetAuthorityResponse;
  readonly JoinRequest: JoinRequest;
  readonly JoinResponse: JoinResponse;
  readonly StoreAccess: StoreAccess;
  readonly IssuedCertificate: IssuedCertificate;
  readonly RenewRequest: RenewRequest;
  readonly TakeRoleRequest: TakeRoleRequest;
  readonly TakeRoleResponse: TakeRoleResponse;
  readonly LeaveRequest: LeaveRequest;
  readonly LeaveResponse: LeaveResponse;
  readonly GetJoinTokenRequest: GetJoinTokenRequest;
  readonly RotateAuthorityRequest: RotateAuthorityRequest;
  readonly RotateAuthorityResponse: RotateAuthorityResponse;
  readonly RotateTunnelKeysRequest: RotateTunnelKeysRequest;
  readonly RotateTunnelKeysResponse: RotateTunnelKeysResponse;
  readonly JoinToken: JoinToken;
  readonly SetAddressRequest: SetAddressRequest;
  readonly SetAddressResponse: SetAddressResponse;
  readonly InitClusterRequest: InitClusterRequest;
  readonly InitClusterResponse: InitClusterResponse;
  readonly JoinClusterRequest: JoinClusterRequest;
  readonly JoinClusterResponse: JoinClusterResponse;
  readonly LeaveClusterRequest: LeaveClusterRequest;
  readonly LeaveClusterResponse: LeaveClusterResponse;
  readonly SetAutolockRequest: SetAutolockRequest;
  readonly SetAutolockResponse: SetAutolockResponse;
  readonly UnlockRequest: UnlockRequest;
  readonly UnlockResponse: UnlockResponse;
  readonly MigrateStoreRequest: MigrateStoreRequest;
  readonly MigrateStoreResponse: MigrateStoreResponse;
  readonly RecoverStoreRequest: RecoverStoreRequest;
  readonly RecoverStoreResponse: RecoverStoreResponse;
  readonly GetClusterStatusRequest: GetClusterStatusRequest;
  readonly ClusterStatus: ClusterStatus;
  readonly StoreMember: StoreMember;
}

/** What the wire codec needs to know of each message. */
export const messageFields: Readonly<Record<keyof Messages, MessageFields>> = {
  GetInfoRequest: [],
  GetInfoResponse: [
    { number: 1, name: 'version', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'clusterId', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'dataRoot', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'runRoot', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'pid', type: 'uint32', kind: 'single', oneof: null },
    { number: 6, name: 'node', type: 'string', kind: 'single', oneof: null },
    { number: 7, name: 'startedAtMs', type: 'uint64', kind: 'single', oneof: null },
    { number: 8, name: 'role', type: 'string', kind: 'single', oneof: null },
  ],
  ApplyStackRequest: [
    { number: 1, name: 'spec', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'services', type: 'string', kind: 'repeated', oneof: null },
    { number: 3, name: 'noDeps', type: 'bool', kind: 'single', oneof: null },
    { number: 4, name: 'forceRecreate', type: 'bool', kind: 'single', oneof: null },
    { number: 5, name: 'noRecreate', type: 'bool', kind: 'single', oneof: null },
    { number: 6, name: 'alwaysRecreateDeps', type: 'bool', kind: 'single', oneof: null },
    { number: 7, name: 'removeOrphans', type: 'bool', kind: 'single', oneof: null },
    { number: 8, name: 'noStart', type: 'bool', kind: 'single', oneof: null },
    { number: 9, name: 'renewAnonymousVolumes', type: 'bool', kind: 'single', oneof: null },
    { number: 10, name: 'stopGraceMs', type: 'int64', kind: 'optional', oneof: null },
    { number: 11, name: 'dryRun', type: 'bool', kind: 'single', oneof: null },
    { number: 12, name: 'scale', type: 'uint32', kind: 'map', oneof: null },
    { number: 13, name: 'changedVolumes', type: 'string', kind: 'single', oneof: null },
    { number: 14, name: 'recreateVolumes', type: 'string', kind: 'repeated', oneof: null },
  ],
  ApplyStackResponse: [
    { number: 1, name: 'steps', type: 'PlanStep', kind: 'repeated', oneof: null },
    { number: 2, name: 'taskIds', type: 'string', kind: 'repeated', oneof: null },
    { number: 3, name: 'orphans', type: 'string', kind: 'repeated', oneof: null },
    { number: 4, name: 'warnings', type: 'string', kind: 'repeated', oneof: null },
    { number: 5, name: 'volumeQuestions', type: 'PlanStep', kind: 'repeated', oneof: null },
    { number: 6, name: 'updating', type: 'string', kind: 'repeated', oneof: null },
  ],
  UpdateServiceRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'service', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'version', type: 'uint64', kind: 'single', oneof: null },
    { number: 4, name: 'force', type: 'bool', kind: 'single', oneof: null },
    { number: 5, name: 'image', type: 'string', kind: 'single', oneof: null },
    { number: 6, name: 'replicas', type: 'uint32', kind: 'optional', oneof: null },
  ],
  RollbackServiceRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'service', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'version', type: 'uint64', kind: 'single', oneof: null },
  ],
  UpdateNodeRequest: [
    { number: 1, name: 'node', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'addLabels', type: 'string', kind: 'map', oneof: null },
    { number: 3, name: 'removeLabels', type: 'string', kind: 'repeated', oneof: null },
    { number: 4, name: 'availability', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'role', type: 'string', kind: 'single', oneof: null },
  ],
  UpdateNodeResponse: [{ number: 1, name: 'id', type: 'string', kind: 'single', oneof: null }],
  RemoveNodeRequest: [
    { number: 1, name: 'node', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'force', type: 'bool', kind: 'single', oneof: null },
  ],
  RemoveNodeResponse: [{ number: 1, name: 'id', type: 'string', kind: 'single', oneof: null }],
  RebalanceServiceRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'service', type: 'string', kind: 'single', oneof: null },
  ],
  ServiceChangeResponse: [
    { number: 1, name: 'steps', type: 'PlanStep', kind: 'repeated', oneof: null },
    { number: 2, name: 'taskIds', type: 'string', kind: 'repeated', oneof: null },
    { number: 3, name: 'updating', type: 'bool', kind: 'single', oneof: null },
  ],
  PlanStep: [
    { number: 1, name: 'action', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'kind', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'name', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'service', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'reasons', type: 'string', kind: 'repeated', oneof: null },
  ],
  RemoveStackRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'services', type: 'string', kind: 'repeated', oneof: null },
    { number: 3, name: 'volumes', type: 'bool', kind: 'single', oneof: null },
    { number: 4, name: 'removeOrphans', type: 'bool', kind: 'single', oneof: null },
    { number: 5, name: 'stopGraceMs', type: 'int64', kind: 'optional', oneof: null },
    { number: 6, name: 'removeImages', type: 'string', kind: 'single', oneof: null },
    { number: 7, name: 'knownServices', type: 'string', kind: 'repeated', oneof: null },
  ],
  RemoveStackResponse: [
    { number: 1, name: 'steps', type: 'PlanStep', kind: 'repeated', oneof: null },
    { number: 2, name: 'warnings', type: 'string', kind: 'repeated', oneof: null },
  ],
  ActOnTasksRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'action', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'services', type: 'string', kind: 'repeated', oneof: null },
    { number: 4, name: 'stopGraceMs', type: 'int64', kind: 'optional', oneof: null },
    { number: 5, name: 'noDeps', type: 'bool', kind: 'single', oneof: null },
    { number: 6, name: 'stopFirst', type: 'bool', kind: 'single', oneof: null },
    { number: 7, name: 'volumes', type: 'bool', kind: 'single', oneof: null },
    { number: 8, name: 'taskIds', type: 'string', kind: 'repeated', oneof: null },
  ],
  ActOnTasksResponse: [{ number: 1, name: 'taskIds', type: 'string', kind: 'repeated', oneof: null }],
  CreateOneOffRequest: [
    { number: 1, name: 'spec', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'service', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'noDeps', type: 'bool', kind: 'single', oneof: null },
    { number: 4, name: 'autoRemove', type: 'bool', kind: 'single', oneof: null },
    { number: 5, name: 'useAliases', type: 'bool', kind: 'single', oneof: null },
    { number: 6, name: 'name', type: 'string', kind: 'single', oneof: null },
    { number: 7, name: 'removeOrphans', type: 'bool', kind: 'single', oneof: null },
  ],
  CreateOneOffResponse: [
    { number: 1, name: 'taskId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'containerName', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'dependencyTaskIds', type: 'string', kind: 'repeated', oneof: null },
  ],
  CreateObjectRequest: [
    { number: 1, name: 'kind', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'spec', type: 'string', kind: 'single', oneof: null },
  ],
  CreateObjectResponse: [
    { number: 1, name: 'id', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'created', type: 'bool', kind: 'single', oneof: null },
  ],
  RemoveObjectsRequest: [
    { number: 1, name: 'kind', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'names', type: 'string', kind: 'repeated', oneof: null },
    { number: 3, name: 'unused', type: 'bool', kind: 'single', oneof: null },
    { number: 4, name: 'all', type: 'bool', kind: 'single', oneof: null },
    { number: 5, name: 'ignoreMissing', type: 'bool', kind: 'single', oneof: null },
  ],
  RemoveObjectsResponse: [{ number: 1, name: 'names', type: 'string', kind: 'repeated', oneof: null }],
  ListObjectsRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'kinds', type: 'string', kind: 'repeated', oneof: null },
  ],
  ListObjectsResponse: [
    { number: 1, name: 'objects', type: 'Object', kind: 'repeated', oneof: null },
    { number: 2, name: 'stale', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'leader', type: 'string', kind: 'single', oneof: null },
  ],
  WatchRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'kinds', type: 'string', kind: 'repeated', oneof: null },
  ],
  WatchResponse: [
    { number: 1, name: 'objects', type: 'Object', kind: 'repeated', oneof: null },
    { number: 2, name: 'synced', type: 'bool', kind: 'single', oneof: null },
    { number: 3, name: 'stale', type: 'string', kind: 'single', oneof: null },
  ],
  EventsRequest: [
    { number: 1, name: 'stack', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'services', type: 'string', kind: 'repeated', oneof: null },
    { number: 3, name: 'sinceMs', type: 'int64', kind: 'single', oneof: null },
    { number: 4, name: 'untilMs', type: 'int64', kind: 'single', oneof: null },
  ],
  Event: [
    { number: 1, name: 'timeNs', type: 'int64', kind: 'single', oneof: null },
    { number: 2, name: 'type', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'action', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'service', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'id', type: 'string', kind: 'single', oneof: null },
    { number: 6, name: 'attributes', type: 'string', kind: 'map', oneof: null },
  ],
  AcceptStoreRequest: [],
  AcceptStoreResponse: [
    { number: 1, name: 'nodeIds', type: 'string', kind: 'repeated', oneof: null },
    { number: 2, name: 'hostnames', type: 'string', kind: 'repeated', oneof: null },
  ],
  Object: [
    { number: 1, name: 'kind', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'id', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'version', type: 'uint64', kind: 'single', oneof: null },
    { number: 4, name: 'document', type: 'string', kind: 'single', oneof: null },
  ],
  Problem: [
    { number: 1, name: 'code', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'message', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'hint', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'retryable', type: 'bool', kind: 'single', oneof: null },
    { number: 5, name: 'keys', type: 'string', kind: 'repeated', oneof: null },
    { number: 6, name: 'askInstead', type: 'string', kind: 'single', oneof: null },
  ],
  Frame: [
    { number: 1, name: 'open', type: 'OpenStream', kind: 'single', oneof: 'content' },
    { number: 2, name: 'stdin', type: 'bytes', kind: 'single', oneof: 'content' },
    { number: 3, name: 'end', type: 'bool', kind: 'single', oneof: 'content' },
    { number: 4, name: 'stdout', type: 'bytes', kind: 'single', oneof: 'content' },
    { number: 5, name: 'stderr', type: 'bytes', kind: 'single', oneof: 'content' },
    { number: 6, name: 'resize', type: 'Resize', kind: 'single', oneof: 'content' },
    { number: 7, name: 'document', type: 'string', kind: 'single', oneof: 'content' },
    { number: 8, name: 'exit', type: 'Exit', kind: 'single', oneof: 'content' },
    { number: 9, name: 'problem', type: 'Problem', kind: 'single', oneof: 'content' },
    { number: 10, name: 'packedStdout', type: 'bytes', kind: 'single', oneof: 'content' },
  ],
  OpenStream: [
    { number: 1, name: 'kind', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'taskId', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'nodeId', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'arguments', type: 'string', kind: 'single', oneof: null },
  ],
  Resize: [
    { number: 1, name: 'rows', type: 'uint32', kind: 'single', oneof: null },
    { number: 2, name: 'columns', type: 'uint32', kind: 'single', oneof: null },
  ],
  Exit: [{ number: 1, name: 'code', type: 'int32', kind: 'single', oneof: null }],
  SessionRequest: [
    { number: 1, name: 'nodeId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'description', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'clusterId', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'tunnelKey', type: 'bytes', kind: 'single', oneof: null },
    { number: 6, name: 'knownTerm', type: 'string', kind: 'single', oneof: null },
    { number: 7, name: 'knownRevision', type: 'uint64', kind: 'single', oneof: null },
    { number: 8, name: 'tunnelPort', type: 'uint32', kind: 'single', oneof: null },
  ],
  SessionMessage: [
    { number: 1, name: 'sessionId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'clusterId', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'storeEpoch', type: 'uint64', kind: 'single', oneof: null },
    { number: 5, name: 'stream', type: 'StreamRequest', kind: 'single', oneof: null },
    { number: 6, name: 'cluster', type: 'ClusterFacts', kind: 'single', oneof: null },
    { number: 7, name: 'storeTerm', type: 'string', kind: 'single', oneof: null },
    { number: 8, name: 'storeRevision', type: 'uint64', kind: 'single', oneof: null },
    { number: 9, name: 'isAccepted', type: 'bool', kind: 'single', oneof: null },
  ],
  ClusterFacts: [
    { number: 1, name: 'managers', type: 'string', kind: 'repeated', oneof: null },
    { number: 2, name: 'authorities', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'role', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'nodes', type: 'uint32', kind: 'single', oneof: null },
  ],
  StreamRequest: [
    { number: 1, name: 'streamId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'open', type: 'OpenStream', kind: 'single', oneof: null },
  ],
  ReportRequest: [
    { number: 1, name: 'sessionId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'batch', type: 'uint64', kind: 'single', oneof: null },
    { number: 3, name: 'updates', type: 'TaskStatusUpdate', kind: 'repeated', oneof: null },
  ],
  ReportResponse: [
    { number: 1, name: 'periodMs', type: 'uint32', kind: 'single', oneof: null },
    { number: 2, name: 'batch', type: 'uint64', kind: 'single', oneof: null },
    { number: 3, name: 'problem', type: 'Problem', kind: 'single', oneof: null },
  ],
  AssignmentsRequest: [
    { number: 1, name: 'sessionId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'takesChanges', type: 'bool', kind: 'single', oneof: null },
  ],
  AssignmentsMessage: [
    { number: 1, name: 'sequence', type: 'uint64', kind: 'single', oneof: null },
    { number: 2, name: 'full', type: 'bool', kind: 'single', oneof: null },
    { number: 3, name: 'upserts', type: 'Object', kind: 'repeated', oneof: null },
    { number: 4, name: 'removals', type: 'Object', kind: 'repeated', oneof: null },
    { number: 5, name: 'storeRevision', type: 'uint64', kind: 'single', oneof: null },
  ],
  TaskStatusUpdate: [
    { number: 1, name: 'taskId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'status', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'removed', type: 'bool', kind: 'single', oneof: null },
  ],
  ReportEndpointsRequest: [
    { number: 1, name: 'sessionId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'applied', type: 'AppliedEndpoints', kind: 'repeated', oneof: null },
  ],
  AppliedEndpoints: [
    { number: 1, name: 'networkId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'version', type: 'uint64', kind: 'single', oneof: null },
  ],
  ReportEndpointsResponse: [],
  LeadAwayRequest: [
    { number: 1, name: 'sessionId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'taskId', type: 'string', kind: 'single', oneof: null },
  ],
  LeadAwayResponse: [{ number: 1, name: 'lateNodes', type: 'string', kind: 'repeated', oneof: null }],
  FindImageRequest: [
    { number: 1, name: 'sessionId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'reference', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'mayPull', type: 'bool', kind: 'single', oneof: null },
  ],
  FindImageResponse: [{ number: 1, name: 'image', type: 'string', kind: 'single', oneof: null }],
  WatchLeaderRequest: [],
  LeaderMessage: [{ number: 1, name: 'address', type: 'string', kind: 'single', oneof: null }],
  GetAuthorityRequest: [],
  GetAuthorityResponse: [
    { number: 1, name: 'certificate', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'timeMs', type: 'uint64', kind: 'single', oneof: null },
  ],
  JoinRequest: [
    { number: 1, name: 'token', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'certificateRequest', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'description', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'managerAddress', type: 'string', kind: 'single', oneof: null },
    { number: 6, name: 'hasEtcd', type: 'bool', kind: 'single', oneof: null },
  ],
  JoinResponse: [
    { number: 1, name: 'issued', type: 'IssuedCertificate', kind: 'single', oneof: null },
    { number: 2, name: 'nodeId', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'clusterId', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'role', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'managers', type: 'string', kind: 'repeated', oneof: null },
    { number: 6, name: 'warnings', type: 'string', kind: 'repeated', oneof: null },
    { number: 7, name: 'store', type: 'StoreAccess', kind: 'single', oneof: null },
  ],
  StoreAccess: [
    { number: 1, name: 'setting', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'sealKey', type: 'bytes', kind: 'single', oneof: null },
  ],
  IssuedCertificate: [
    { number: 1, name: 'chain', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'authorities', type: 'string', kind: 'single', oneof: null },
  ],
  RenewRequest: [{ number: 1, name: 'certificateRequest', type: 'string', kind: 'single', oneof: null }],
  TakeRoleRequest: [
    { number: 1, name: 'certificateRequest', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'managerAddress', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'hasEtcd', type: 'bool', kind: 'single', oneof: null },
  ],
  TakeRoleResponse: [
    { number: 1, name: 'issued', type: 'IssuedCertificate', kind: 'single', oneof: null },
    { number: 2, name: 'role', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'managers', type: 'string', kind: 'repeated', oneof: null },
    { number: 4, name: 'store', type: 'StoreAccess', kind: 'single', oneof: null },
  ],
  LeaveRequest: [{ number: 1, name: 'force', type: 'bool', kind: 'single', oneof: null }],
  LeaveResponse: [],
  GetJoinTokenRequest: [{ number: 1, name: 'role', type: 'string', kind: 'single', oneof: null }],
  RotateAuthorityRequest: [],
  RotateAuthorityResponse: [{ number: 1, name: 'nodes', type: 'uint32', kind: 'single', oneof: null }],
  RotateTunnelKeysRequest: [],
  RotateTunnelKeysResponse: [{ number: 1, name: 'generation', type: 'uint64', kind: 'single', oneof: null }],
  JoinToken: [
    { number: 1, name: 'token', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'managers', type: 'string', kind: 'repeated', oneof: null },
  ],
  SetAddressRequest: [
    { number: 1, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'manager', type: 'string', kind: 'single', oneof: null },
  ],
  SetAddressResponse: [
    { number: 1, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'managers', type: 'string', kind: 'repeated', oneof: null },
  ],
  InitClusterRequest: [
    { number: 1, name: 'advertise', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'listen', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'certificateLifetimeMs', type: 'uint64', kind: 'single', oneof: null },
  ],
  InitClusterResponse: [
    { number: 1, name: 'nodeId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'token', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'warnings', type: 'string', kind: 'repeated', oneof: null },
  ],
  JoinClusterRequest: [
    { number: 1, name: 'token', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'manager', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'advertise', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'listen', type: 'string', kind: 'single', oneof: null },
  ],
  JoinClusterResponse: [
    { number: 1, name: 'nodeId', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'role', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'warnings', type: 'string', kind: 'repeated', oneof: null },
  ],
  LeaveClusterRequest: [{ number: 1, name: 'force', type: 'bool', kind: 'single', oneof: null }],
  LeaveClusterResponse: [{ number: 1, name: 'warnings', type: 'string', kind: 'repeated', oneof: null }],
  SetAutolockRequest: [{ number: 1, name: 'enabled', type: 'bool', kind: 'single', oneof: null }],
  SetAutolockResponse: [{ number: 1, name: 'unlockKey', type: 'string', kind: 'single', oneof: null }],
  UnlockRequest: [{ number: 1, name: 'unlockKey', type: 'string', kind: 'single', oneof: null }],
  UnlockResponse: [],
  MigrateStoreRequest: [
    { number: 1, name: 'to', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'ca', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'certificate', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'key', type: 'string', kind: 'single', oneof: null },
  ],
  MigrateStoreResponse: [{ number: 1, name: 'from', type: 'string', kind: 'single', oneof: null }],
  RecoverStoreRequest: [],
  RecoverStoreResponse: [{ number: 1, name: 'removed', type: 'string', kind: 'repeated', oneof: null }],
  GetClusterStatusRequest: [],
  ClusterStatus: [
    { number: 1, name: 'role', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'clusterId', type: 'string', kind: 'single', oneof: null },
    { number: 3, name: 'nodeId', type: 'string', kind: 'single', oneof: null },
    { number: 4, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 5, name: 'managers', type: 'string', kind: 'repeated', oneof: null },
    { number: 6, name: 'certificateExpiresMs', type: 'uint64', kind: 'single', oneof: null },
    { number: 7, name: 'problem', type: 'string', kind: 'single', oneof: null },
    { number: 8, name: 'outdatedNodes', type: 'string', kind: 'repeated', oneof: null },
    { number: 9, name: 'store', type: 'string', kind: 'single', oneof: null },
    { number: 10, name: 'leader', type: 'string', kind: 'single', oneof: null },
    { number: 11, name: 'storeMembers', type: 'StoreMember', kind: 'repeated', oneof: null },
  ],
  StoreMember: [
    { number: 1, name: 'address', type: 'string', kind: 'single', oneof: null },
    { number: 2, name: 'state', type: 'string', kind: 'single', oneof: null },
  ],
};

export const controlMethods = {
  /** Who answers, and what this host lacks. */
  getInfo: {
    path: '/tsstack.v1.Control/GetInfo',
    kind: 'unary',
    request: 'GetInfoRequest',
    response: 'GetInfoResponse',
    tables: messageFields,
  },
  /** Makes the declared stack the desired one, in one transaction. An equal stack writes nothing. With dry_run nothing is written and only the plan is returned. */
  applyStack: {
    path: '/tsstack.v1.Control/ApplyStack',
    kind: 'unary',
    request: 'ApplyStackRequest',
    response: 'ApplyStackResponse',
    tables: messageFields,
  },
  /** `down`: takes everything of a stack away, in reverse dependency order. Returns when the intent is stored; watch for the end. */
  removeStack: {
    path: '/tsstack.v1.Control/RemoveStack',
    kind: 'unary',
    request: 'RemoveStackRequest',
    response: 'RemoveStackResponse',
    tables: messageFields,
  },
  /** Changes one service by hand, beside its file: the next plan of the file shows the difference. One transaction. */
  updateService: {
    path: '/tsstack.v1.Control/UpdateService',
    kind: 'unary',
    request: 'UpdateServiceRequest',
    response: 'ServiceChangeResponse',
    tables: messageFields,
  },
  /** Back to what the service was before its last change, its number of containers too; as rollback_config says. A second call goes forward again. */
  rollbackService: {
    path: '/tsstack.v1.Control/RollbackService',
    kind: 'unary',
    request: 'RollbackServiceRequest',
    response: 'ServiceChangeResponse',
    tables: messageFields,
  },
  /** Replaces containers of nodes that have at least two more of a service than another node that suits. */
  rebalanceService: {
    path: '/tsstack.v1.Control/RebalanceService',
    kind: 'unary',
    request: 'RebalanceServiceRequest',
    response: 'ServiceChangeResponse',
    tables: messageFields,
  },
  /** Labels and availability of a node. What has to move because of it moves on its own time; watch for it. */
  updateNode: {
    path: '/tsstack.v1.Control/UpdateNode',
    kind: 'unary',
    request: 'UpdateNodeRequest',
    response: 'UpdateNodeResponse',
    tables: messageFields,
  },
  /** Takes a node out of the cluster: its certificate is refused from now on, and what was only there is forgotten. One that works, or that holds named volumes, only with force. */
  removeNode: {
    path: '/tsstack.v1.Control/RemoveNode',
    kind: 'unary',
    request: 'RemoveNodeRequest',
    response: 'RemoveNodeResponse',
    tables: messageFields,
  },
  /** The present state of the store counts, though nodes have seen a newer one: they remove what it does not know of. */
  acceptStore: {
    path: '/tsstack.v1.Control/AcceptStore',
    kind: 'unary',
    request: 'AcceptStoreRequest',
    response: 'AcceptStoreResponse',
    tables: messageFields,
  },
  /** start, stop, restart, rm of containers that exist. Returns when the intent is stored; watch for the end. */
  actOnTasks: {
    path: '/tsstack.v1.Control/ActOnTasks',
    kind: 'unary',
    request: 'ActOnTasksRequest',
    response: 'ActOnTasksResponse',
    tables: messageFields,
  },
  /** Adds a one-off task of a service (`run`). Its dependencies are started; the task itself is created (`ready`) and waits to be started, by an attach stream with `start` or by ActOnTasks, so that its first output is not lost. */
  createOneOff: {
    path: '/tsstack.v1.Control/CreateOneOff',
    kind: 'unary',
    request: 'CreateOneOffRequest',
    response: 'CreateOneOffResponse',
    tables: messageFields,
  },
  /** Makes a network, volume, secret or config that belongs to no stack; stack files refer to it by `external: true`. */
  createObject: {
    path: '/tsstack.v1.Control/CreateObject',
    kind: 'unary',
    request: 'CreateObjectRequest',
    response: 'CreateObjectResponse',
    tables: messageFields,
  },
  /** Removes networks, volumes, secrets or configs that nothing uses, whoever made them. All or none: one that is in use fails the call. */
  removeObjects: {
    path: '/tsstack.v1.Control/RemoveObjects',
    kind: 'unary',
    request: 'RemoveObjectsRequest',
    response: 'RemoveObjectsResponse',
    tables: messageFields,
  },
  /** Objects as they are now. Empty kinds = all kinds. Those that are too many for one answer are refused (`exhausted`): Watch tells them. */
  listObjects: {
    path: '/tsstack.v1.Control/ListObjects',
    kind: 'unary',
    request: 'ListObjectsRequest',
    response: 'ListObjectsResponse',
    tables: messageFields,
  },
  /** First the matching objects as they are, then one message with `synced`, then every change, without a gap between. */
  watch: {
    path: '/tsstack.v1.Control/Watch',
    kind: 'serverStream',
    request: 'WatchRequest',
    response: 'WatchResponse',
    tables: messageFields,
  },
  /** Streams with a container or a node: exec, attach, logs, signals, images. The manager relays them to the agent that holds the thing. */
  open: {
    path: '/tsstack.v1.Control/Open',
    kind: 'duplex',
    request: 'Frame',
    response: 'Frame',
    tables: messageFields,
  },
  /** Container events (create, start, die, …) as `tsstack events` prints them. */
  events: {
    path: '/tsstack.v1.Control/Events',
    kind: 'serverStream',
    request: 'EventsRequest',
    response: 'Event',
    tables: messageFields,
  },
} as const satisfies MethodTable;

export const dispatcherMethods = {
  /** Registers the node and stays open: the first message gives the session, later ones carry requests to open streams. */
  session: {
    path: '/tsstack.v1.Dispatcher/Session',
    kind: 'serverStream',
    request: 'SessionRequest',
    response: 'SessionMessage',
    tables: messageFields,
  },
  /** That the node is alive, and what has happened to its tasks: a heartbeat every period, and a batch of states whenever there is news. Each message is answered. A node that was silent for three periods is down. One stream for all: a call for each would cost a manager of a thousand nodes about three times as much (140 and 50 µs for each, measured). */
  report: {
    path: '/tsstack.v1.Dispatcher/Report',
    kind: 'duplex',
    request: 'ReportRequest',
    response: 'ReportResponse',
    tables: messageFields,
  },
  /** What this node has to hold: first everything (`full`), then changes. A gap in the sequence makes the agent ask again. */
  assignments: {
    path: '/tsstack.v1.Dispatcher/Assignments',
    kind: 'serverStream',
    request: 'AssignmentsRequest',
    response: 'AssignmentsMessage',
    tables: messageFields,
  },
  /** Which endpoints of networks are in effect on the node of the session: the newest of each network that it has not told of. */
  reportEndpoints: {
    path: '/tsstack.v1.Dispatcher/ReportEndpoints',
    kind: 'unary',
    request: 'ReportEndpointsRequest',
    response: 'ReportEndpointsResponse',
    tables: messageFields,
  },
  /** A task of the node is about to be told to end. Answered when no node that is up leads anybody to it any more, or after 3 s with those that have not said so. */
  leadAway: {
    path: '/tsstack.v1.Dispatcher/LeadAway',
    kind: 'unary',
    request: 'LeadAwayRequest',
    response: 'LeadAwayResponse',
    tables: messageFields,
  },
  /** The agent's end of a stream that the manager asked for in a SessionMessage; its first frame is `open` with the stream's id in `arguments`. */
  relay: {
    path: '/tsstack.v1.Dispatcher/Relay',
    kind: 'duplex',
    request: 'Frame',
    response: 'Frame',
    tables: messageFields,
  },
  /** What a name of an image means in the cluster, and who has it. Only of images that tasks of the node need. Who asks first waits until it is decided. An error that is retryable says that a manager or a node does not answer now: the agent asks again. Any other is final. */
  findImage: {
    path: '/tsstack.v1.Dispatcher/FindImage',
    kind: 'unary',
    request: 'FindImageRequest',
    response: 'FindImageResponse',
    tables: messageFields,
  },
  /** Content of such an image from another node that has it, passed on as it comes. The first frame is `open` with kind image.content, the other node in `node_id`, and in `arguments` those of the kind together with `sessionId`. The caller believes no byte whose digest it has not seen. */
  fetchImage: {
    path: '/tsstack.v1.Dispatcher/FetchImage',
    kind: 'duplex',
    request: 'Frame',
    response: 'Frame',
    tables: messageFields,
  },
  /** Who leads, as soon as it is known and whenever that changes. Any manager answers, whether it leads or not: nodes ask when the one that they have a session with is not heard any more. Fails while this manager cannot know it. */
  watchLeader: {
    path: '/tsstack.v1.Dispatcher/WatchLeader',
    kind: 'serverStream',
    request: 'WatchLeaderRequest',
    response: 'LeaderMessage',
    tables: messageFields,
  },
} as const satisfies MethodTable;

export const authorityMethods = {
  /** For anybody: which authority this is. A host that joins compares it with its token before it says anything. */
  getAuthority: {
    path: '/tsstack.v1.Authority/GetAuthority',
    kind: 'unary',
    request: 'GetAuthorityRequest',
    response: 'GetAuthorityResponse',
    tables: messageFields,
  },
  /** For anybody with a token: makes the host a node and gives it its certificate. */
  join: {
    path: '/tsstack.v1.Authority/Join',
    kind: 'unary',
    request: 'JoinRequest',
    response: 'JoinResponse',
    tables: messageFields,
  },
  /** For nodes: a fresh certificate for the same node, with the role that it has by now. */
  renew: {
    path: '/tsstack.v1.Authority/Renew',
    kind: 'unary',
    request: 'RenewRequest',
    response: 'IssuedCertificate',
    tables: messageFields,
  },
  /** For nodes: the role that the cluster wants the node to have from now on, at that address, with a certificate for it. Refused when that cannot be. */
  takeRole: {
    path: '/tsstack.v1.Authority/TakeRole',
    kind: 'unary',
    request: 'TakeRoleRequest',
    response: 'TakeRoleResponse',
    tables: messageFields,
  },
  /** For nodes: the host leaves. Its tasks go first; when the call returns the node is gone and its certificate is refused. */
  leave: {
    path: '/tsstack.v1.Authority/Leave',
    kind: 'unary',
    request: 'LeaveRequest',
    response: 'LeaveResponse',
    tables: messageFields,
  },
  /** For managers: the token with which hosts join in a role. */
  getJoinToken: {
    path: '/tsstack.v1.Authority/GetJoinToken',
    kind: 'unary',
    request: 'GetJoinTokenRequest',
    response: 'JoinToken',
    tables: messageFields,
  },
  /** For managers: a new token; the old one is refused from now on. Nodes that have joined are not concerned. */
  rotateJoinToken: {
    path: '/tsstack.v1.Authority/RotateJoinToken',
    kind: 'unary',
    request: 'GetJoinTokenRequest',
    response: 'JoinToken',
    tables: messageFields,
  },
  /** For managers: a new authority. Nodes take new certificates one by one and accept both meanwhile; join tokens change at once. */
  rotateAuthority: {
    path: '/tsstack.v1.Authority/RotateAuthority',
    kind: 'unary',
    request: 'RotateAuthorityRequest',
    response: 'RotateAuthorityResponse',
    tables: messageFields,
  },
  /** For managers: encrypted networks go on with their next keys, and get new ones to go on with after these. Refused while not every node may have heard of the last time. */
  rotateTunnelKeys: {
    path: '/tsstack.v1.Authority/RotateTunnelKeys',
    kind: 'unary',
    request: 'RotateTunnelKeysRequest',
    response: 'RotateTunnelKeysResponse',
    tables: messageFields,
  },
} as const satisfies MethodTable;

export const hostMethods = {
  /** Makes this host the first manager of a cluster. Its containers and its stacks stay as they are. */
  initCluster: {
    path: '/tsstack.v1.Host/InitCluster',
    kind: 'unary',
    request: 'InitClusterRequest',
    response: 'InitClusterResponse',
    tables: messageFields,
  },
  /** Makes this host a node of a cluster that exists. */
  joinCluster: {
    path: '/tsstack.v1.Host/JoinCluster',
    kind: 'unary',
    request: 'JoinClusterRequest',
    response: 'JoinClusterResponse',
    tables: messageFields,
  },
  /** Makes it a lone host again. */
  leaveCluster: {
    path: '/tsstack.v1.Host/LeaveCluster',
    kind: 'unary',
    request: 'LeaveClusterRequest',
    response: 'LeaveClusterResponse',
    tables: messageFields,
  },
  /** Locks the key of this manager's store on the disk, or takes the lock away. Locked again it has a new unlock key, and the old one is of no use. */
  setAutolock: {
    path: '/tsstack.v1.Host/SetAutolock',
    kind: 'unary',
    request: 'SetAutolockRequest',
    response: 'SetAutolockResponse',
    tables: messageFields,
  },
  /** Opens the store of a manager that started locked. */
  unlock: {
    path: '/tsstack.v1.Host/Unlock',
    kind: 'unary',
    request: 'UnlockRequest',
    response: 'UnlockResponse',
    tables: messageFields,
  },
  /** Moves what the cluster's manager has stored into another store. Only on the last manager; containers run on. */
  migrateStore: {
    path: '/tsstack.v1.Host/MigrateStore',
    kind: 'unary',
    request: 'MigrateStoreRequest',
    response: 'MigrateStoreResponse',
    tables: messageFields,
  },
  /** Tells a host of a cluster what addresses have become: its own, or that of its managers. Its containers run on. */
  setAddress: {
    path: '/tsstack.v1.Host/SetAddress',
    kind: 'unary',
    request: 'SetAddressRequest',
    response: 'SetAddressResponse',
    tables: messageFields,
  },
  /** Makes a store of what this manager has, when too few of the others will ever come back. They are removed from the cluster. */
  recoverStore: {
    path: '/tsstack.v1.Host/RecoverStore',
    kind: 'unary',
    request: 'RecoverStoreRequest',
    response: 'RecoverStoreResponse',
    tables: messageFields,
  },
  /** What this host is in a cluster. */
  getClusterStatus: {
    path: '/tsstack.v1.Host/GetClusterStatus',
    kind: 'unary',
    request: 'GetClusterStatusRequest',
    response: 'ClusterStatus',
    tables: messageFields,
  },
} as const satisfies MethodTable;
