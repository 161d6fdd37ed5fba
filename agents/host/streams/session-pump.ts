import type { Frame } from '../../../src/rpc/messages.ts';
import type { ShimSession } from '../tasks/shim.ts';

/** What a session needs of the stream it is pumped through. */
interface Pipe {
  readonly frames: AsyncIterable<Frame>;
  readonly signal: AbortSignal;
  write(frame: Frame): Promise<void>;
}

/** Joins a process's stdio with a stream until the process has ended; resolves to its exit code. The process dies with the stream. */
export async function pumpSession(session: ShimSession, pipe: Pipe): Promise<number> {
  const close = (): void => session.close();
  pipe.signal.addEventListener('abort', close, { once: true });
  if (pipe.signal.aborted) close();
  try {
    void pumpInput(session, pipe.frames).catch(close);
    for await (const { stream, bytes } of session.output) {
      await pipe.write(
        stream === 'stdout' ? { content: 'stdout', stdout: bytes } : { content: 'stderr', stderr: bytes },
      );
    }
    return (await session.exit).exitCode;
  } finally {
    pipe.signal.removeEventListener('abort', close);
    session.close();
  }
}

async function pumpInput(session: ShimSession, frames: AsyncIterable<Frame>): Promise<void> {
  for await (const frame of frames) {
    if (frame.content === 'stdin') await session.write(frame.stdin);
    else if (frame.content === 'end') session.closeInput();
    else if (frame.content === 'resize') await session.resize(frame.resize.rows, frame.resize.columns);
  }
}
