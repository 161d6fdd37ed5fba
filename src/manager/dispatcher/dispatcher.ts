/** The manager's end of every agent: sessions, assignments, reported states and relayed streams. */
import type {
  AssignmentsMessage,
  AssignmentsRequest,
  FindImageRequest,
  FindImageResponse,
  Frame,
  LeadAwayRequest,
  LeadAwayResponse,
  LeaderMessage,
  ReportEndpointsRequest,
  ReportEndpointsResponse,
  ReportRequest,
  ReportResponse,
  SessionMessage,
  SessionRequest,
  TaskStatusUpdate,
  WatchLeaderRequest,
} from '../../rpc/messages.ts';
import { TsstackError } from '../../model/errors.ts';
import { shortId } from '../../model/ids.ts';
import type { ModelObject, NodeObject, TaskObject } from '../../model/objects.ts';
import type { CallContext, DispatcherHandlers, DuplexStream, Peer } from '../../rpc/service-types.ts';
import { clusterFacts } from '../authority/cluster-object.ts';
import { wantedRole } from '../nodes/node-role.ts';
import { removedError } from '../authority/removed-error.ts';
import { newId } from '../../model/ids.ts';
import { InvalidRequestError } from '../errors.ts';
import { ImageNames } from '../images/image-names.ts';
import { ContentRelay, type FetchArguments } from '../images/relay-content.ts';
import type { ObjectChange } from '../store/change.ts';
import type { Committed, Store } from '../store/store.ts';
import { readReports } from './apply-status.ts';
import { AssignmentWakeups } from './assignment-wakeups.ts';
import { streamAssignments } from './assignment-stream.ts';
import { AppliedEndpoints } from './endpoints/applied-endpoints.ts';
import { EndpointsIndex } from './endpoints/endpoints-index.ts';
import { readOpenFrame } from './open-frame.ts';
import { changeNodeState, parseNodeDescription, parseTunnelKey, parseTunnelPort } from './register-node.ts';
import { Registrar } from './registrar.ts';
import { Relays } from './relays.ts';
import { serveReports } from './serve-reports.ts';
import { heartbeatPeriodMs, Sessions, type Session } from './sessions.ts';
import { StatusBatcher } from './status-batcher.ts';

/** Time for agents to come back after the manager's start: their backoff goes up to 8 s. */
const returnGraceMs = 6 * heartbeatPeriodMs;

/** Nodes are often lost together (a switch, a rack): what ran on them is then placed in one go. */
const lossWindowMs = 100;

export interface DispatcherOptions {
  readonly store: Store;
  readonly onError: (error: unknown) => void;
  /** Rejects while agents have to go to another manager. */
  readonly admit: () => Promise<void>;
  /** Addresses of the manager that leads, one after the other. */
  readonly leaders: (signal: AbortSignal) => AsyncIterable<string>;
  /** Id of this host's node; null on a lone host. */
  readonly ownNodeId: () => string | null;
  /** A task ends though the nodes of these names may still lead others to it. */
  readonly onLate: (task: TaskObject, hostnames: readonly string[]) => void;
}

export class Dispatcher implements DispatcherHandlers {
  readonly relays = new Relays();
  readonly sessions: Sessions;
  readonly images: ImageNames;
  readonly #content: ContentRelay;
  /** Sends `join` whenever an agent has registered. */
  readonly joins = new EventTarget();
  readonly #store: Store;
  /** The present term of this manager, and the revision that it began with. */
  #term = { id: newId(), revision: 0 };
  readonly #endpoints: EndpointsIndex;
  readonly #wakeups: AssignmentWakeups;
  readonly #applied: AppliedEndpoints;
  readonly #batcher: StatusBatcher;
  readonly #registrar: Registrar;
  readonly #onError: (error: unknown) => void;
  readonly #admit: () => Promise<void>;
  readonly #leaders: DispatcherOptions['leaders'];
  readonly #onLate: DispatcherOptions['onLate'];
  #endGrace: (() => void) | undefined;
  readonly #silent = new Set<string>();
  #loss: NodeJS.Timeout | undefined;

  constructor({ store, onError, admit, leaders, ownNodeId, onLate }: DispatcherOptions) {
    this.#store = store;
    this.#endpoints = new EndpointsIndex(store);
    this.#wakeups = new AssignmentWakeups(store, this.#endpoints);
    this.#applied = new AppliedEndpoints(store, this.#endpoints);
    this.#batcher = new StatusBatcher(store);
    this.#registrar = new Registrar(store);
    store.subscribe((committed) => this.#follow(committed));
    this.#onError = onError;
    this.#admit = admit;
    this.#leaders = leaders;
    this.#onLate = onLate;
    this.sessions = new Sessions((nodeId) => this.#noteSilence(nodeId));
    this.images = new ImageNames({ store, sessions: this.sessions, relays: this.relays, ownNodeId });
    this.#content = new ContentRelay(this.relays, this.sessions);
  }

  /** Nodes whose agents have not registered since the manager started are neither up nor down, for a time. */
  async start(): Promise<void> {
    const now = new Date().toISOString();
    this.#term = { id: newId(), revision: this.#store.revision };
    const unheard = await this.#store.update((view) => {
      const nodes = view.all('node').filter(({ state }) => state !== 'down');
      const changes = nodes.flatMap(({ id }) => changeNodeState(view, id, 'unknown', now));
      return { changes, result: nodes.map(({ id }) => id) };
    });
    if (unheard.length === 0) return;
    const isSilent = (id: string): boolean => this.#store.view.get('node', id)?.state === 'unknown';
    this.#endGrace = this.sessions.awaitWord(returnGraceMs, () => this.#lose(unheard.filter(isSilent)));
  }

  /** Ends every session, until the next start. */
  rest(): void {
    this.#endGrace?.();
    clearTimeout(this.#loss);
    this.#loss = undefined;
    // The next term gives them their time anew.
    this.#silent.clear();
    this.sessions.stop();
  }

  stop(): void {
    this.rest();
    this.sessions.close();
    this.#wakeups.close();
    this.#applied.close();
    this.#endpoints.close();
  }

  async *session(request: SessionRequest, { signal, peer }: CallContext): AsyncIterable<SessionMessage> {
    const { nodeId, description, address, knownTerm, knownRevision } = request;
    const tunnelKey = parseTunnelKey(request.tunnelKey);
    const tunnelPort = parseTunnelPort(request.tunnelPort);
    if (nodeId === '') throw new InvalidRequestError('session: node_id is empty');
    checkNode(peer, nodeId);
    await this.#admit();
    const parsed = parseNodeDescription(description);
    const session = this.sessions.begin(nodeId);
    this.#applied.forget(nodeId);
    const role = peer.kind === 'node' ? peer.role : null;
    // Before the registration, which is a commit of its own.
    const storeRevision = knownTerm === this.#term.id ? this.#store.revision : this.#term.revision;
    const known = { knownTerm, knownRevision, storeRevision };
    const registration = { id: nodeId, description: parsed, role, address, tunnelKey, tunnelPort, ...known };
    await this.#registrar.register(registration);
    this.joins.dispatchEvent(new Event('join'));
    const common = {
      sessionId: session.id,
      clusterId: this.#store.clusterId,
      storeEpoch: this.#store.epoch,
      storeTerm: this.#term.id,
      ...claimOf(this.#store.view.get('node', nodeId), storeRevision),
    };
    signal.addEventListener('abort', () => this.sessions.disconnect(session.id));
    yield { ...common, stream: null, cluster: clusterFacts(this.#store.view, nodeId) };
    for await (const news of session.requests.follow(signal)) yield { ...common, stream: null, cluster: null, ...news };
  }

  report(stream: DuplexStream<ReportResponse, ReportRequest>, { peer }: CallContext): Promise<void> {
    return serveReports(stream, {
      hear: (sessionId) => {
        const { nodeId } = this.#session(sessionId, peer);
        this.sessions.beat(sessionId);
        return nodeId;
      },
      store: (nodeId, updates) => this.#storeReports(nodeId, updates),
    });
  }

  async *assignments(
    { sessionId, takesChanges }: AssignmentsRequest,
    { signal, peer }: CallContext,
  ): AsyncIterable<AssignmentsMessage> {
    const session = this.#session(sessionId, peer);
    const over = AbortSignal.any([signal, session.signal]);
    const receiver = { nodeId: session.nodeId, takesChanges };
    yield* streamAssignments(this.#store, this.#endpoints, this.#wakeups, receiver, over);
    session.signal.throwIfAborted();
  }

  async reportEndpoints(
    { sessionId, applied }: ReportEndpointsRequest,
    { peer }: CallContext,
  ): Promise<ReportEndpointsResponse> {
    this.#applied.note(this.#session(sessionId, peer).nodeId, applied);
    return {};
  }

  async leadAway({ sessionId, taskId }: LeadAwayRequest, { peer, signal }: CallContext): Promise<LeadAwayResponse> {
    const session = this.#session(sessionId, peer);
    const task = this.#store.view.get('task', taskId);
    // One that the manager has forgotten is in nobody's way.
    if (task?.nodeId !== session.nodeId) return { lateNodes: [] };
    const late = await this.#applied.leadAway(task, AbortSignal.any([signal, session.signal]));
    session.signal.throwIfAborted();
    const lateNodes = late.map((id) => this.#store.view.get('node', id)?.hostname ?? shortId(id));
    if (lateNodes.length > 0 && !signal.aborted) this.#onLate(task, lateNodes);
    return { lateNodes };
  }

  async findImage(
    { sessionId, reference, mayPull }: FindImageRequest,
    { peer }: CallContext,
  ): Promise<FindImageResponse> {
    const { nodeId } = this.#session(sessionId, peer);
    const found = await this.images.find({ nodeId, reference, mayPull });
    return { image: found === null ? '' : JSON.stringify(found) };
  }

  async fetchImage(stream: DuplexStream<Frame, Frame>, context: CallContext): Promise<void> {
    const { open, rest } = await readOpenFrame(stream, context);
    const { sessionId } = JSON.parse(open.arguments) as FetchArguments;
    const { nodeId } = this.#session(sessionId, context.peer);
    await this.#content.pass(this.#store.view, nodeId, open, rest);
  }

  async relay(stream: DuplexStream<Frame, Frame>, context: CallContext): Promise<void> {
    const { open, rest } = await readOpenFrame(stream, context);
    await this.relays.arrive(open.arguments, rest, (nodeId) => checkNode(context.peer, nodeId));
  }

  async *watchLeader(_request: WatchLeaderRequest, { signal }: CallContext): AsyncIterable<LeaderMessage> {
    for await (const address of this.#leaders(signal)) yield { address };
  }

  async #storeReports(nodeId: string, updates: readonly TaskStatusUpdate[]): Promise<void> {
    const { reports, refusal } = readReports(this.#store.view, nodeId, updates);
    await this.#batcher.report(reports);
    if (refusal !== null) throw refusal;
  }

  #noteSilence(nodeId: string): void {
    this.#silent.add(nodeId);
    this.#loss ??= setTimeout(() => {
      this.#loss = undefined;
      this.#lose([...this.#silent]);
      this.#silent.clear();
    }, lossWindowMs);
  }

  /** Not those that are back meanwhile: their sessions are watched anew. */
  #lose(nodeIds: readonly string[]): void {
    const now = new Date().toISOString();
    this.#store
      .update((view) => ({
        changes: nodeIds
          .filter((id) => !this.sessions.hasBegun(id))
          .flatMap((id) => changeNodeState(view, id, 'down', now)),
        result: undefined,
      }))
      .catch((error: unknown) => this.#onError(error));
  }

  /** A session is its node's alone, whoever may have learnt of its id. */
  #session(sessionId: string, peer: Peer): Session {
    const session = this.sessions.get(sessionId);
    checkNode(peer, session.nodeId);
    return session;
  }

  /** Tells every node what has changed of the cluster, and a node that was removed that it was. */
  #follow({ changes }: Committed): void {
    const gone = changes.flatMap(({ before, after }) => (before?.kind === 'node' && after === null ? [before.id] : []));
    for (const id of gone) this.sessions.end(id, removedError());
    if (!changes.some(concernsFacts)) return;
    this.sessions.tellAll((nodeId) => ({ cluster: clusterFacts(this.#store.view, nodeId) }));
  }
}

/** The agent at the other end speaks for this node. */
function checkNode(peer: Peer, nodeId: string): void {
  if (peer.kind === 'local' || (peer.kind === 'node' && peer.nodeId === nodeId)) return;
  throw new TsstackError('permission', `speak for node ${shortId(nodeId)}: the certificate is another node's`);
}

function concernsFacts({ before, after }: ObjectChange): boolean {
  const object = after ?? before;
  if (object?.kind === 'cluster') return true;
  if (object?.kind !== 'node') return false;
  const factsOf = (state: ModelObject | null): readonly string[] =>
    state?.kind === 'node' ? [state.managerAddress, wantedRole(state)] : [];
  return factsOf(before).join() !== factsOf(after).join();
}

/** What the agent is told that it may know at most: less than it does, if this store was set back and nobody has said that it counts. */
function claimOf(
  node: NodeObject | undefined,
  storeRevision: number,
): Pick<SessionMessage, 'storeRevision' | 'isAccepted'> {
  const newer = node?.newerStore ?? null;
  if (newer === null || newer.isAccepted) return { storeRevision, isAccepted: newer !== null };
  return { storeRevision: Math.min(storeRevision, newer.revision - 1), isAccepted: false };
}
