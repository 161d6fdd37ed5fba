/** The manager's end of every agent: sessions, assignments, reported states and relayed streams. */
import type {
  AssignmentsMessage,
  AssignmentsRequest,
  Frame,
  HeartbeatRequest,
  HeartbeatResponse,
  SessionMessage,
  SessionRequest,
  UpdateTaskStatusRequest,
  UpdateTaskStatusResponse,
} from '../../rpc/messages.ts';
import type { CallContext, DispatcherHandlers, DuplexStream } from '../../rpc/service-types.ts';
import { InvalidRequestError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { readReports } from './apply-status.ts';
import { streamAssignments } from './assignment-stream.ts';
import { EndpointsIndex } from './endpoints/endpoints-index.ts';
import { readOpenFrame } from './open-frame.ts';
import { changeNodeState, parseNodeDescription, registerNode } from './register-node.ts';
import { Relays } from './relays.ts';
import { heartbeatPeriodMs, Sessions } from './sessions.ts';
import { StatusBatcher } from './status-batcher.ts';

export class Dispatcher implements DispatcherHandlers {
  readonly relays = new Relays();
  readonly sessions: Sessions;
  /** Sends `join` whenever an agent has registered. */
  readonly joins = new EventTarget();
  readonly #store: Store;
  readonly #endpoints: EndpointsIndex;
  readonly #batcher: StatusBatcher;

  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#endpoints = new EndpointsIndex(store);
    this.#batcher = new StatusBatcher(store);
    this.sessions = new Sessions((nodeId) => {
      store
        .update((view) => ({
          changes: changeNodeState(view, nodeId, 'down', new Date().toISOString()),
          result: undefined,
        }))
        .catch((error: unknown) => onError(error));
    });
  }

  /** Nodes whose agents have not registered since the manager started are neither up nor down. */
  async start(): Promise<void> {
    const now = new Date().toISOString();
    await this.#store.update((view) => ({
      changes: view.all('node').flatMap(({ id }) => changeNodeState(view, id, 'unknown', now)),
      result: undefined,
    }));
  }

  stop(): void {
    this.sessions.stop();
    this.#endpoints.close();
  }

  async *session({ nodeId, description }: SessionRequest, { signal }: CallContext): AsyncIterable<SessionMessage> {
    if (nodeId === '') throw new InvalidRequestError('session: node_id is empty');
    const parsed = parseNodeDescription(description);
    const session = this.sessions.begin(nodeId);
    const now = new Date().toISOString();
    await this.#store.update((view) => ({ changes: registerNode(view, nodeId, parsed, now), result: undefined }));
    this.joins.dispatchEvent(new Event('join'));
    const common = {
      sessionId: session.id,
      clusterId: this.#store.clusterId,
      storeEpoch: this.#store.epoch,
      heartbeatPeriodMs,
    };
    signal.addEventListener('abort', () => this.sessions.disconnect(session.id));
    yield { ...common, stream: null };
    for await (const stream of session.requests.follow(signal)) yield { ...common, stream };
  }

  async heartbeat({ sessionId }: HeartbeatRequest): Promise<HeartbeatResponse> {
    this.sessions.beat(sessionId);
    return { periodMs: heartbeatPeriodMs };
  }

  async *assignments({ sessionId }: AssignmentsRequest, { signal }: CallContext): AsyncIterable<AssignmentsMessage> {
    const session = this.sessions.get(sessionId);
    yield* streamAssignments(this.#store, this.#endpoints, session.nodeId, AbortSignal.any([signal, session.signal]));
    session.signal.throwIfAborted();
  }

  async updateTaskStatus({ sessionId, updates }: UpdateTaskStatusRequest): Promise<UpdateTaskStatusResponse> {
    const { nodeId } = this.sessions.get(sessionId);
    await this.#batcher.report(readReports(this.#store.view, nodeId, updates));
    return {};
  }

  async relay(stream: DuplexStream<Frame, Frame>, context: CallContext): Promise<void> {
    const { open, rest } = await readOpenFrame(stream, context);
    await this.relays.arrive(open.arguments, rest);
  }
}
