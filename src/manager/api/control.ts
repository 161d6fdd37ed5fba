/** The Control service: what clients ask of the manager. */
import { TsstackError } from '../../model/errors.ts';
import { isGlobal } from '../../model/deploy-spec.ts';
import type {
  AcceptStoreResponse,
  ActOnTasksRequest,
  ActOnTasksResponse,
  ApplyStackRequest,
  ApplyStackResponse,
  CreateObjectRequest,
  CreateObjectResponse,
  CreateOneOffRequest,
  CreateOneOffResponse,
  Event,
  EventsRequest,
  Frame,
  GetInfoResponse,
  ListObjectsRequest,
  ListObjectsResponse,
  OpenStream,
  RebalanceServiceRequest,
  RemoveNodeRequest,
  RemoveNodeResponse,
  RemoveObjectsRequest,
  RemoveObjectsResponse,
  RemoveStackRequest,
  RemoveStackResponse,
  RollbackServiceRequest,
  ServiceChangeResponse,
  UpdateNodeRequest,
  UpdateNodeResponse,
  UpdateServiceRequest,
  WatchRequest,
  WatchResponse,
} from '../../rpc/messages.ts';
import type { CallContext, ControlHandlers, DuplexStream } from '../../rpc/service-types.ts';
import type { ContentSeal } from '../authority/content-seal.ts';
import type { Dispatcher } from '../dispatcher/dispatcher.ts';
import { readOpenFrame } from '../dispatcher/open-frame.ts';
import type { FrameStream } from '../dispatcher/relays.ts';
import type { EventLog } from '../events/event-log.ts';
import { observeStream } from '../events/observe-stream.ts';
import { actOnTasks } from '../stacks/act-on-tasks.ts';
import { createOneOff } from '../stacks/create-one-off.ts';
import { removeStack } from '../stacks/remove-stack.ts';
import { withDigest, withDigests } from '../stacks/seal-payloads.ts';
import { imagesOf } from '../images/images-of.ts';
import type { Store } from '../store/store.ts';
import { applyStack } from './apply-stack.ts';
import { awaitOwnNode } from './await-own-node.ts';
import { awaitStreamNode } from './await-stream-node.ts';
import { acceptStore } from '../nodes/accept-store.ts';
import { removeNode } from '../nodes/remove-node.ts';
import { updateNode } from '../nodes/update-node.ts';
import { rebalanceService } from '../services/rebalance-service.ts';
import { rollbackService } from '../services/rollback-service.ts';
import { updateService } from '../services/update-service.ts';
import { createObject } from '../objects/create-object.ts';
import { removeObjects } from '../objects/remove-objects.ts';
import { parseObjectSpec } from './schema/object-schema.ts';
import { parseStackSpec } from './schema/stack-schema.ts';
import { describeStaleness, listObjects, watchObjects } from './watch.ts';

/** What the service works with. */
export interface ControlContext {
  readonly store: Store;
  readonly seal: ContentSeal;
  readonly dispatcher: Dispatcher;
  readonly events: EventLog;
  /** Id of this host's node; null on a lone host, whose only node it is. */
  readonly ownNodeId: () => string | null;
  /** Destinations of this host's routes as they are now; null where nobody can say. */
  readonly readRoutes: () => readonly string[] | null;
  /** Whether managers run the etcd of their store. */
  readonly isManaged: boolean;
  /** `host:port` of the manager that leads; null when none does, or there is one only. */
  readonly leader: () => string | null;
  /** Facts about this daemon; the rest of GetInfoResponse comes from the store. */
  readonly daemon: Pick<GetInfoResponse, 'version' | 'dataRoot' | 'runRoot' | 'pid' | 'startedAtMs'>;
}

export class Control implements ControlHandlers {
  readonly #on: ControlContext;

  constructor(context: ControlContext) {
    this.#on = context;
  }

  async getInfo(): Promise<GetInfoResponse> {
    const { store, daemon, ownNodeId } = this.#on;
    const node = await awaitOwnNode(store, ownNodeId());
    const description = node === undefined ? '' : JSON.stringify(node.description);
    return { ...daemon, clusterId: store.clusterId, node: description, role: 'manager' };
  }

  async applyStack(request: ApplyStackRequest): Promise<ApplyStackResponse> {
    const spec = withDigests(parseStackSpec(request.spec), this.#on.seal);
    // Which containers a global service has follows from the nodes.
    if (Object.values(spec.services).some(isGlobal)) await awaitOwnNode(this.#on.store, this.#on.ownNodeId());
    await this.#on.dispatcher.images.refresh(Object.values(spec.services).flatMap(imagesOf));
    const host = { nodeId: this.#on.ownNodeId(), routes: this.#on.readRoutes() };
    return this.#on.store.update((view) => applyStack(view, spec, request, { host, now: now() }));
  }

  async removeStack(request: RemoveStackRequest): Promise<RemoveStackResponse> {
    return this.#on.store.update((view) => removeStack(view, request));
  }

  async updateService(request: UpdateServiceRequest): Promise<ServiceChangeResponse> {
    return this.#on.store.update((view) => updateService(view, request, now()));
  }

  async rollbackService(request: RollbackServiceRequest): Promise<ServiceChangeResponse> {
    return this.#on.store.update((view) => rollbackService(view, request, now()));
  }

  async rebalanceService(request: RebalanceServiceRequest): Promise<ServiceChangeResponse> {
    return this.#on.store.update((view) => rebalanceService(view, request, now()));
  }

  async updateNode(request: UpdateNodeRequest): Promise<UpdateNodeResponse> {
    return this.#on.store.update((view) => updateNode(view, request, { ...this.#on, now: new Date() }));
  }

  async removeNode(request: RemoveNodeRequest): Promise<RemoveNodeResponse> {
    return this.#on.store.update((view) => removeNode(view, request, { ...this.#on, now: now() }));
  }

  /** Sessions begin anew, and with them what agents take this store for. */
  async acceptStore(): Promise<AcceptStoreResponse> {
    const response = await this.#on.store.update(acceptStore);
    for (const id of response.nodeIds) this.#on.dispatcher.sessions.end(id, againError());
    return response;
  }

  async actOnTasks(request: ActOnTasksRequest): Promise<ActOnTasksResponse> {
    return this.#on.store.update((view) => actOnTasks(view, request));
  }

  async createOneOff(request: CreateOneOffRequest): Promise<CreateOneOffResponse> {
    const spec = withDigests(parseStackSpec(request.spec), this.#on.seal);
    return this.#on.store.update((view) => createOneOff(view, spec, request, now()));
  }

  async createObject(request: CreateObjectRequest): Promise<CreateObjectResponse> {
    const parsed = parseObjectSpec(request.kind, request.spec);
    const { kind } = parsed;
    const object =
      kind === 'secret' || kind === 'config' ? { kind, spec: withDigest(parsed.spec, this.#on.seal) } : parsed;
    return this.#on.store.update((view) => createObject(view, object, now()));
  }

  async removeObjects(request: RemoveObjectsRequest): Promise<RemoveObjectsResponse> {
    return this.#on.store.update((view) => removeObjects(view, request));
  }

  async listObjects(request: ListObjectsRequest): Promise<ListObjectsResponse> {
    const { store, leader } = this.#on;
    return { objects: listObjects(store.view, request), stale: describeStaleness(store), leader: leader() ?? '' };
  }

  watch(request: WatchRequest, { signal }: CallContext): AsyncIterable<WatchResponse> {
    return watchObjects(this.#on.store, request, signal);
  }

  events(request: EventsRequest, { signal }: CallContext): AsyncIterable<Event> {
    return this.#on.events.stream(request, signal);
  }

  async open(stream: DuplexStream<Frame, Frame>, context: CallContext): Promise<void> {
    const { open, rest } = await readOpenFrame(stream, context);
    const target = open.taskId === '' && open.nodeId === '' ? { ...open, nodeId: this.#on.ownNodeId() ?? '' } : open;
    const session = await awaitStreamNode(this.#on, target, context.signal);
    const place = this.#on.store.view.get('node', session.nodeId)?.hostname ?? session.nodeId;
    await this.#on.dispatcher.relays.open(session, place, open, this.#observed(open, rest));
  }

  /** What passes through a stream into a container that runs is worth events. */
  #observed(open: OpenStream, client: FrameStream): FrameStream {
    const { store, events } = this.#on;
    const task = store.view.get('task', open.taskId);
    if (task?.status.container?.phase !== 'running') return client;
    const note = (action: string, attributes: Readonly<Record<string, string>>): void =>
      events.note(task, action, attributes);
    return { ...client, stream: observeStream(open, client.stream, note) };
  }
}

function now(): string {
  return new Date().toISOString();
}

function againError(): TsstackError {
  return new TsstackError('unavailable', 'the store is taken for the true one from now on', { retryable: true });
}
