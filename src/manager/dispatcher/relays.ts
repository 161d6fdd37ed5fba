/** Joins a client's stream with the one that an agent opens for it. */
import { TsstackError } from '../../model/errors.ts';
import { newId } from '../../model/ids.ts';
import type { Frame, OpenStream } from '../../rpc/messages.ts';
import type { DuplexStream } from '../../rpc/service-types.ts';
import type { Session } from './sessions.ts';

/** Time for an agent to open its end. */
const answerDeadlineMs = 10_000;

/** A stream of frames whose first has been read. */
export interface FrameStream {
  /** Frames after the first. */
  readonly frames: AsyncIterator<Frame>;
  readonly stream: DuplexStream<Frame, Frame>;
  /** Aborted when the other side is gone. */
  readonly signal: AbortSignal;
}

/** An agent's end, and what ends the agent's call. */
interface Arrival extends FrameStream {
  readonly done: PromiseWithResolvers<void>;
}

export class Relays {
  readonly #awaited = new Map<string, { readonly nodeId: string; readonly arrival: PromiseWithResolvers<Arrival> }>();

  /** Asks the agent of the session to open its end, and copies frames both ways until one side is done. `place` is the node's name. */
  async open(session: Session, place: string, open: OpenStream, client: FrameStream): Promise<void> {
    const streamId = newId();
    const arrival = Promise.withResolvers<Arrival>();
    this.#awaited.set(streamId, { nodeId: session.nodeId, arrival });
    const stop = failOn(arrival, place, session.signal, client.signal);
    try {
      session.requests.push({ stream: { streamId, open } });
      await copyBothWays(client, await arrival.promise, { place, session: session.signal });
    } finally {
      stop();
      this.#awaited.delete(streamId);
    }
  }

  /** The agent has opened its end of the stream; resolves or rejects when the stream is over. `checkNode` throws unless it is the agent of that node. */
  async arrive(streamId: string, agent: FrameStream, checkNode: (nodeId: string) => void): Promise<void> {
    const awaited = this.#awaited.get(streamId);
    if (awaited === undefined) throw new TsstackError('not-found', 'nobody waits for this stream any more');
    checkNode(awaited.nodeId);
    this.#awaited.delete(streamId);
    const done = Promise.withResolvers<void>();
    awaited.arrival.resolve({ ...agent, done });
    await done.promise;
  }
}

/** Gives up waiting when the agent or the client is gone, or after the deadline. */
function failOn(
  arrival: PromiseWithResolvers<Arrival>,
  place: string,
  session: AbortSignal,
  client: AbortSignal,
): () => void {
  const fail = (code: 'unavailable' | 'canceled' | 'timeout', message: string) => (): void =>
    arrival.reject(new TsstackError(code, message, { retryable: code !== 'canceled' }));
  const onSession = fail('unavailable', `node ${place} is gone`);
  const onClient = fail('canceled', 'the client is gone');
  session.addEventListener('abort', onSession);
  client.addEventListener('abort', onClient);
  const timer = setTimeout(fail('timeout', `node ${place} did not open the stream in time`), answerDeadlineMs);
  return () => {
    clearTimeout(timer);
    session.removeEventListener('abort', onSession);
    client.removeEventListener('abort', onClient);
  };
}

/**
 * The agent's end decides when the stream is over; a client that leaves ends the agent's call, and a node that is lost both: its connection may
 * not be seen to break for a long time.
 */
async function copyBothWays(
  client: FrameStream,
  agent: Arrival,
  { place, session }: { readonly place: string; readonly session: AbortSignal },
): Promise<void> {
  const lost = Promise.withResolvers<never>();
  const onLeave = (): void => agent.done.reject(new TsstackError('canceled', 'the client is gone'));
  const onLoss = (): void => {
    // The agent has begun a new session; its streams are what they were.
    if (session.reason instanceof TsstackError && session.reason.code === 'conflict') return;
    const cause: unknown = session.reason;
    lost.reject(new TsstackError('unavailable', `the connection to node ${place} is lost`, { retryable: true, cause }));
  };
  client.signal.addEventListener('abort', onLeave);
  session.addEventListener('abort', onLoss);
  // Either may have gone while the agent's end arrived.
  if (client.signal.aborted) onLeave();
  if (session.aborted) onLoss();
  // What the client writes when the agent is done has no reader, so that its failure is none.
  copyFromClient(client, agent.stream).catch(() => undefined);
  try {
    await Promise.race([copy(framesOfNode(agent.frames, place), client.stream), lost.promise]);
    agent.done.resolve();
  } catch (error) {
    agent.done.reject(error);
    throw error;
  } finally {
    client.signal.removeEventListener('abort', onLeave);
    session.removeEventListener('abort', onLoss);
  }
}

/** An agent that breaks off has ended, or its host, or the network: it is not the client that has given up. */
async function* framesOfNode(frames: AsyncIterator<Frame>, place: string): AsyncGenerator<Frame, void> {
  try {
    for (let next = await frames.next(); next.done !== true; next = await frames.next()) yield next.value;
  } catch (cause) {
    if (!(cause instanceof TsstackError) || cause.code !== 'canceled') throw cause;
    throw new TsstackError('unavailable', `the connection to node ${place} is lost`, { retryable: true, cause });
  }
}

/** This side of the agent's call cannot be half-closed (it is the server's), so the client's end is told by a frame, once. */
async function copyFromClient(client: FrameStream, to: DuplexStream<Frame, Frame>): Promise<void> {
  const last = await copy(client.frames, to);
  if (last?.content !== 'end') await to.write({ content: 'end', end: true });
}

/** Returns the last frame. */
async function copy(from: AsyncIterator<Frame>, to: DuplexStream<Frame, Frame>): Promise<Frame | undefined> {
  let last: Frame | undefined;
  for (let next = await from.next(); next.done !== true; next = await from.next()) await to.write((last = next.value));
  return last;
}
