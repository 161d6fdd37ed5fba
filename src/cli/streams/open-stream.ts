import { errorOfProblem } from '../../rpc/error-mapping.ts';
import type { Frame } from '../../rpc/messages.ts';
import type { ControlClient, DuplexStream } from '../../rpc/service-types.ts';
import type { StreamKind, StreamKinds } from '../../rpc/stream-kinds.ts';

/** Which container a stream is about, or which node; neither = the node of this host's manager. */
export interface StreamTarget {
  readonly taskId?: string;
  readonly nodeId?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a two-way stream of that kind. */
export async function openStream<Kind extends StreamKind>(
  control: ControlClient,
  kind: Kind,
  streamArguments: StreamKinds[Kind]['arguments'],
  { taskId = '', nodeId = '', signal }: StreamTarget = {},
): Promise<DuplexStream<Frame, Frame>> {
  const stream = control.open(signal === undefined ? {} : { signal });
  const open = { kind, taskId, nodeId, arguments: JSON.stringify(streamArguments) };
  await stream.write({ content: 'open', open });
  return stream;
}

/** Frames until the end of the stream; throws the problem that ends it. Returns the exit code, 0 when none was sent. */
export async function* readFrames(stream: DuplexStream<Frame, Frame>): AsyncGenerator<Frame, number> {
  for await (const frame of stream) {
    if (frame.content === 'problem') throw errorOfProblem(frame.problem);
    if (frame.content === 'exit') return frame.exit.code;
    yield frame;
  }
  return 0;
}

/** Runs a stream that answers with documents to its end. */
export async function* readDocuments<Kind extends StreamKind>(
  control: ControlClient,
  kind: Kind,
  streamArguments: StreamKinds[Kind]['arguments'],
  target: StreamTarget = {},
): AsyncGenerator<StreamKinds[Kind]['document'], void> {
  const stream = await openStream(control, kind, streamArguments, target);
  try {
    for await (const frame of readFrames(stream)) {
      if (frame.content === 'document') yield JSON.parse(frame.document) as StreamKinds[Kind]['document'];
    }
  } finally {
    stream.end();
  }
}

/** Runs a stream that only has to end well, as a signal. */
export async function callStream<Kind extends StreamKind>(
  control: ControlClient,
  kind: Kind,
  streamArguments: StreamKinds[Kind]['arguments'],
  target: StreamTarget = {},
): Promise<void> {
  for await (const document of readDocuments(control, kind, streamArguments, target)) void document;
}
