/** A question of the manager itself to an agent, over the same streams that clients use. */
import { errorOfProblem } from '../../rpc/error-mapping.ts';
import type { Frame } from '../../rpc/messages.ts';
import type { DuplexStream } from '../../rpc/service-types.ts';
import type { StreamKind, StreamKinds } from '../../rpc/stream-kinds.ts';
import { TsstackError } from '../../model/errors.ts';
import { NodeSilentError } from '../errors.ts';
import type { Relays } from '../dispatcher/relays.ts';
import type { Session } from '../dispatcher/sessions.ts';

export interface Question<Kind extends StreamKind> {
  readonly kind: Kind;
  readonly arguments: StreamKinds[Kind]['arguments'];
  readonly deadlineMs: number;
}

/**
 * Resolves to the document that the agent answers with; rejects with its problem, or with a NodeSilentError when the node is gone or does not answer
 * in time. `place` is the node's name.
 */
export async function askNode<Kind extends StreamKind>(
  relays: Pick<Relays, 'open'>,
  session: Session,
  place: string,
  question: Question<Kind>,
): Promise<StreamKinds[Kind]['document']> {
  const answer = Promise.withResolvers<string>();
  const open = { kind: question.kind, taskId: '', nodeId: '', arguments: JSON.stringify(question.arguments) };
  const signal = AbortSignal.timeout(question.deadlineMs);
  const relayed = relays.open(session, place, open, { frames: noFrames(), stream: new Listener(answer), signal });
  relayed.then(
    () =>
      answer.reject(new TsstackError('internal', `ask node ${place} for ${question.kind}: it ended without an answer`)),
    // What the node itself says comes as a frame.
    (cause: unknown) => answer.reject(new NodeSilentError(place, cause)),
  );
  const onLate = (): void => answer.reject(new NodeSilentError(place));
  signal.addEventListener('abort', onLate);
  try {
    return JSON.parse(await answer.promise) as StreamKinds[Kind]['document'];
  } finally {
    signal.removeEventListener('abort', onLate);
  }
}

/** The manager says no more than its question. */
async function* noFrames(): AsyncGenerator<Frame, void> {
  // Nothing to yield.
}

/** The client's end of such a stream: takes the first document or problem. */
class Listener implements DuplexStream<Frame, Frame> {
  readonly #answer: PromiseWithResolvers<string>;

  constructor(answer: PromiseWithResolvers<string>) {
    this.#answer = answer;
  }

  write(frame: Frame): Promise<void> {
    if (frame.content === 'document') this.#answer.resolve(frame.document);
    if (frame.content === 'problem') this.#answer.reject(errorOfProblem(frame.problem));
    return Promise.resolve();
  }

  end(): void {
    // Ends by itself.
  }

  cancel(): void {
    // The deadline does that.
  }

  [Symbol.asyncIterator](): AsyncIterator<Frame> {
    return noFrames();
  }
}
