import type { Frame } from '../../../src/rpc/messages.ts';

/** What the client uploads, up to its `end`. */
export async function* bytesOf(frames: AsyncIterable<Frame>): AsyncGenerator<Buffer> {
  for await (const frame of frames) {
    if (frame.content === 'end') return;
    if (frame.content === 'stdin') yield frame.stdin;
  }
}
