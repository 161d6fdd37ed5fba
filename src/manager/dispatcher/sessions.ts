import { TsstackError } from '../../model/errors.ts';
import { newId } from '../../model/ids.ts';
import type { SessionMessage } from '../../rpc/messages.ts';
import { AsyncQueue } from '../streams/async-queue.ts';
import { Lateness, patientTimeout } from './lateness.ts';
import { RegistrationLimit } from './registration-limit.ts';

/** Agents report this often; one that missed three is down, so a lost node is noticed within 6 s (decisions.md). */
export const heartbeatPeriodMs = 2000;
const missedHeartbeats = 3;
/** Silence that makes a node a lost one. */
const silenceMs = heartbeatPeriodMs * missedHeartbeats;

/** What a session tells its agent. */
export type SessionNews = Partial<Pick<SessionMessage, 'stream' | 'cluster'>>;

/** One registration of a node. */
export interface Session {
  readonly id: string;
  readonly nodeId: string;
  /** Streams that the agent is asked to open, and what it has to know of its cluster. */
  readonly requests: AsyncQueue<SessionNews>;
  /** Aborted when the session is over: replaced, or silent for too long. */
  readonly signal: AbortSignal;
}

interface Entry extends Session {
  readonly controller: AbortController;
  /** Ends the wait for the next heartbeat. */
  stopWatch: () => void;
  /** False when the session's stream broke: it can take no requests, but its node is not down before it misses its heartbeats. */
  isConnected: boolean;
}

/** Who is registered now, at most one session a node. */
export class Sessions {
  readonly #byId = new Map<string, Entry>();
  readonly #byNode = new Map<string, Entry>();
  readonly #onSilence: (nodeId: string) => void;
  readonly #lateness: Pick<Lateness, 'totalMs' | 'stop'>;
  readonly #limit: RegistrationLimit;

  /** `onSilence` is called when a node has missed its heartbeats. */
  constructor(
    onSilence: (nodeId: string) => void,
    lateness: Pick<Lateness, 'totalMs' | 'stop'> = new Lateness(),
    limit: RegistrationLimit = new RegistrationLimit(),
  ) {
    this.#onSilence = onSilence;
    this.#lateness = lateness;
    this.#limit = limit;
  }

  /** Begins a session; an earlier one of the node is over. Throws when the node registers too often. */
  begin(nodeId: string): Session {
    this.#limit.admit(nodeId);
    const earlier = this.#byNode.get(nodeId);
    if (earlier !== undefined) this.#end(earlier, new TsstackError('conflict', 'the node has begun a new session'));
    const controller = new AbortController();
    const requests = new AsyncQueue<SessionNews>();
    const entry: Entry = {
      id: newId(),
      nodeId,
      requests,
      controller,
      signal: controller.signal,
      stopWatch: this.#watch(nodeId),
      isConnected: true,
    };
    this.#byId.set(entry.id, entry);
    this.#byNode.set(nodeId, entry);
    return entry;
  }

  /** The session of that id; throws when there is none any more, and the agent begins a new one. */
  get(sessionId: string): Session {
    return this.#entry(sessionId);
  }

  /** The session of the node, if it has one that can be asked for streams. */
  ofNode(nodeId: string): Session | undefined {
    const entry = this.#byNode.get(nodeId);
    return entry?.isConnected === true ? entry : undefined;
  }

  /** Whether the node has a session: if it is not heard, that ends with its silence. */
  hasBegun(nodeId: string): boolean {
    return this.#byNode.has(nodeId);
  }

  /** The session's stream broke. */
  disconnect(sessionId: string): void {
    const entry = this.#byId.get(sessionId);
    if (entry !== undefined) entry.isConnected = false;
  }

  /** The agent is alive. */
  beat(sessionId: string): void {
    const entry = this.#entry(sessionId);
    entry.stopWatch();
    entry.stopWatch = this.#watch(entry.nodeId);
  }

  /** Ends the node's session, if it has one, for that reason. */
  end(nodeId: string, reason: TsstackError): void {
    const entry = this.#byNode.get(nodeId);
    if (entry !== undefined) this.#end(entry, reason);
    this.#limit.forget(nodeId);
  }

  /** Tells every agent that can hear it. */
  tellAll(newsFor: (nodeId: string) => SessionNews): void {
    for (const entry of this.#byNode.values()) if (entry.isConnected) entry.requests.push(newsFor(entry.nodeId));
  }

  /** Ends every session, until others begin. */
  stop(): void {
    for (const entry of this.#byId.values()) this.#end(entry, new TsstackError('unavailable', 'the manager stops'));
  }

  /** After which there are no more sessions. */
  close(): void {
    this.stop();
    this.#lateness.stop();
  }

  #entry(sessionId: string): Entry {
    const entry = this.#byId.get(sessionId);
    if (entry !== undefined) return entry;
    throw new TsstackError('conflict', 'the session is over', { hint: 'begin a new session', retryable: true });
  }

  /** A timer for what nodes have to say within `ms`, as for their heartbeats. Returns what ends it. */
  awaitWord(ms: number, onSilence: () => void): () => void {
    return patientTimeout(this.#lateness, ms, onSilence);
  }

  #watch(nodeId: string): () => void {
    return this.awaitWord(silenceMs, () => this.#silence(nodeId));
  }

  #silence(nodeId: string): void {
    const entry = this.#byNode.get(nodeId);
    if (entry === undefined) return;
    this.#end(entry, new TsstackError('timeout', `the node missed ${missedHeartbeats} heartbeats`));
    this.#onSilence(nodeId);
  }

  #end(entry: Entry, reason: TsstackError): void {
    entry.stopWatch();
    this.#byId.delete(entry.id);
    if (this.#byNode.get(entry.nodeId) === entry) this.#byNode.delete(entry.nodeId);
    entry.requests.fail(reason);
    entry.controller.abort(reason);
  }
}
