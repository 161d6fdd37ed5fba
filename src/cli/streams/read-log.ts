import type { ControlClient } from '../../rpc/service-types.ts';
import type { StreamKinds } from '../../rpc/stream-kinds.ts';
import { openStream, readFrames } from './open-stream.ts';

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
    }
  } finally {
    stream.end();
  }
}
