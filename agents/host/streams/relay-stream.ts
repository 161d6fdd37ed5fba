import { problemOf } from '../../../src/rpc/error-mapping.ts';
import type { Frame, StreamRequest } from '../../../src/rpc/messages.ts';
import type { DispatcherClient, DuplexStream } from '../../../src/rpc/service-types.ts';
import type { StreamKind, StreamKinds } from '../../../src/rpc/stream-kinds.ts';

/** The agent's end of one stream, as its handler sees it. */
export interface RelayStream<Kind extends StreamKind> {
  readonly taskId: string;
  readonly arguments: StreamKinds[Kind]['arguments'];
  /** What the client sends after opening; throws when the client went away. To be iterated at most once. */
  readonly frames: AsyncIterable<Frame>;
  /** Aborted when the stream is over. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more. */
  write(frame: Frame): Promise<void>;
  document(document: StreamKinds[Kind]['document']): Promise<void>;
}

/** Serves a stream to its end; resolves to the exit code that the client gets. */
type StreamHandler<Kind extends StreamKind> = (stream: RelayStream<Kind>) => Promise<number>;

/** A handler for each kind: a kind of the contract without one does not compile. */
export type StreamHandlers = { readonly [Kind in StreamKind]: StreamHandler<Kind> };

/**
 * Opens the agent's end of a stream that the manager asked for and serves it. The first frame names the stream; the last one is
 * the exit code or the problem. Never rejects: whoever asked has got the answer, or is gone.
 */
export async function serveRelay(
  client: DispatcherClient,
  request: StreamRequest,
  handlers: StreamHandlers,
): Promise<void> {
  if (request.open === null) return;
  const { kind, taskId, nodeId } = request.open;
  const over = new AbortController();
  const duplex = client.relay();
  try {
    await duplex.write({ content: 'open', open: { kind, taskId, nodeId, arguments: request.streamId } });
    const code = await handle(duplex, request.open, handlers, over);
    await duplex.write({ content: 'exit', exit: { code } });
  } catch (error) {
    await duplex.write({ content: 'problem', problem: problemOf(error) }).catch(() => undefined);
  } finally {
    over.abort();
    duplex.end();
  }
}

async function handle(
  duplex: DuplexStream<Frame, Frame>,
  open: NonNullable<StreamRequest['open']>,
  handlers: StreamHandlers,
  over: AbortController,
): Promise<number> {
  const handler = findHandler(handlers, open.kind);
  const frames = watchEnd(duplex, over);
  return handler({
    taskId: open.taskId,
    arguments: JSON.parse(open.arguments || '{}') as never,
    frames,
    signal: over.signal,
    write: (frame) => duplex.write(frame),
    document: (document) => duplex.write({ content: 'document', document: JSON.stringify(document) }),
  });
}

function findHandler(handlers: StreamHandlers, kind: string): StreamHandler<StreamKind> {
  if (!Object.hasOwn(handlers, kind)) throw new Error(`streams of kind ${kind} are unknown to this version`);
  // The contract ties each kind to its arguments; which kind it is is known only now.
  return handlers[kind as StreamKind] as StreamHandler<StreamKind>;
}

/** Reads ahead of the handler by one frame at most, so that the end of the stream is noticed even by handlers that read nothing. */
function watchEnd(duplex: DuplexStream<Frame, Frame>, over: AbortController): AsyncIterable<Frame> {
  const iterator = duplex[Symbol.asyncIterator]();
  let ahead: Promise<IteratorResult<Frame>> | null = null;
  const read = (): Promise<IteratorResult<Frame>> => {
    const result = iterator.next();
    // A client that only said that it sends no more is still there; one that broke off is not.
    result.catch(() => over.abort());
    return result;
  };
  ahead = read();
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const result = await (ahead ?? read());
        ahead = result.done === true ? Promise.resolve(result) : read();
        return result;
      },
    }),
  };
}
