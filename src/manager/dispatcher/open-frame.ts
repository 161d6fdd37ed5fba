import type { Frame, OpenStream } from '../../rpc/messages.ts';
import type { CallContext, DuplexStream } from '../../rpc/service-types.ts';
import { InvalidRequestError } from '../errors.ts';
import type { FrameStream } from './relays.ts';

/** Reads the first frame of a stream, which has to be `open`; the rest is left to be read. */
export async function readOpenFrame(
  stream: DuplexStream<Frame, Frame>,
  { signal }: CallContext,
): Promise<{ readonly open: OpenStream; readonly rest: FrameStream }> {
  const frames = stream[Symbol.asyncIterator]();
  const first = await frames.next();
  if (first.done === true || first.value.content !== 'open') {
    throw new InvalidRequestError('the first frame of a stream has to be `open`');
  }
  return { open: first.value.open, rest: { frames, stream, signal } };
}
