import { promisify } from 'node:util';
import { TsstackError } from '../../model/errors.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { StreamKinds } from '../../rpc/stream-kinds.ts';
import { openStream, readFrames } from './open-stream.ts';

/** Room for what a frame may hold, in one piece; a node that sends more at once is not one of ours. */
const unpacking = { chunkSize: 1024 * 1024 + 1, maxOutputLength: 1024 * 1024 + 1 };

/** Frames of whole log records of one container. */
export async function* readLog(
  control: ControlClient,
  taskId: string,
  query: StreamKinds['logs']['arguments'],
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const stream = await openStream(control, 'logs', query, { taskId, signal });
  try {
    for await (const frame of readFrames(stream)) {
      if (frame.content === 'stdout') yield frame.stdout;
      if (frame.content === 'packedStdout') yield await unpack(frame.packedStdout);
    }
  } finally {
    stream.end();
  }
}

async function unpack(packed: Buffer): Promise<Buffer> {
  const { zstdDecompress } = await import('node:zlib');
  try {
    return await promisify(zstdDecompress)(packed, unpacking);
  } catch (cause) {
    throw new TsstackError('internal', 'the node sent log records that cannot be unpacked', { cause });
  }
}
