import type { Readable } from 'node:stream';
import type { Frame } from '../../rpc/messages.ts';
import type { ControlClient, DuplexStream } from '../../rpc/service-types.ts';
import type { ImageProgress, StreamKinds } from '../../rpc/stream-kinds.ts';
import { openStream, readFrames } from './open-stream.ts';

/** Bytes of a file in one frame: as large as frames may be. */
export const uploadChunkBytes = 1024 * 1024;

/** Sends a file to a node while it tells of its progress. */
export async function upload<Kind extends 'image.load' | 'image.import'>(
  control: ControlClient,
  kind: Kind,
  streamArguments: StreamKinds[Kind]['arguments'],
  file: Readable,
  onProgress: (progress: ImageProgress) => void,
): Promise<void> {
  const stream = await openStream(control, kind, streamArguments);
  const sending = send(stream, file);
  // The other end may give up in the middle: its problem says more than the failure of our writing.
  sending.catch(() => undefined);
  for await (const frame of readFrames(stream)) {
    if (frame.content === 'document') onProgress(JSON.parse(frame.document) as ImageProgress);
  }
  await sending;
}

async function send(stream: DuplexStream<Frame, Frame>, file: Readable): Promise<void> {
  for await (const chunk of file) await stream.write({ content: 'stdin', stdin: chunk as Buffer });
  await stream.write({ content: 'end', end: true });
  stream.end();
}
