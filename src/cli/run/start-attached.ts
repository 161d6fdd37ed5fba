import { errorOfProblem } from '../../rpc/error-mapping.ts';
import type { CreateOneOffResponse } from '../../rpc/messages.ts';
import { showError } from '../output/show-error.ts';
import { callStream, openStream, readFrames } from '../streams/open-stream.ts';
import { peek } from '../streams/peek.ts';
import { runSession, terminalSize } from '../streams/session.ts';
import { LastStatus } from './last-status.ts';
import type { RunContext, RunJob } from './run-job.ts';

/** Exit codes of commands that could not be run at all; but a command may also end with them itself. */
const cannotStart: ReadonlySet<number> = new Set([126, 127]);

/**
 * Shows the container's life to its end; resolves to its exit code. The node starts the container when it is made and the stream stands, so that
 * nothing of its output is lost.
 */
export async function startAttached(job: RunJob, { taskId }: CreateOneOffResponse): Promise<number> {
  const { context, control, stack, service, progress } = job;
  const { io } = context;
  const { tty, stdinOpen: stdin } = service.container;
  const target = { taskId };
  const status = new LastStatus(control, { stack, taskId, autoRemove: context.flags.rm, progress });
  const forward = (signal: string): void => {
    callStream(control, 'signal', { signal }, target).catch(() => undefined); // it has ended: so will this
  };
  try {
    const size = tty ? terminalSize(io) : null;
    const stream = await openStream(control, 'attach', { stdin, output: true, start: true, size }, target);
    const frames = peek(readFrames(stream));
    await Promise.race([status.made, frames.begun]);
    progress.stop();
    const options = { tty, stdin, detachKeys: null, onSignal: tty ? null : forward };
    const code = await runSession(stream, io, options, frames.items);
    // The next command is not to find it; it may want the same name.
    if (context.flags.rm) await status.left();
    return cannotStart.has(code) ? await explain(context, status, code) : code;
  } catch (error) {
    const ended = await status.ended();
    if (ended?.status.error == null) throw error;
    if (context.flags.rm) await status.left();
    return await explain(context, status, ended.status.container?.exitCode ?? 1);
  } finally {
    status.close();
  }
}

/** Says why a container could not be started, where that is why it ended. */
async function explain(context: RunContext, status: LastStatus, code: number): Promise<number> {
  const error = (await status.ended())?.status.error;
  if (error != null)
    await showError(
      context,
      errorOfProblem({ ...error, hint: error.hint ?? '', retryable: false, keys: [], askInstead: '' }),
    );
  return code;
}
