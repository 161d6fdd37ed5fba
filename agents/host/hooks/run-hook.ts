import type { HookSpec } from '../../../src/model/spec.ts';
import { describeError } from '../errors.ts';
import { startExec } from '../streams/exec.ts';
import { exitCodeOf } from '../tasks/steps/failed-start.ts';
import type { TaskWorker } from '../tasks/task-worker.ts';
import { HookLog } from './hook-log.ts';

/** How a hook failed, in words. */
export interface HookFailure {
  readonly message: string;
  readonly output: string;
}

export interface HookRun {
  /** Most that it may take; null = as long as it likes. */
  readonly timeoutMs: number | null;
  /** Ends the hook and everything that it has started. */
  readonly signal: AbortSignal;
}

/** Runs one hook in the container to its end; null when it ended with 0. Its output goes into the container's log of hooks. */
export async function runHook(worker: TaskWorker, hook: HookSpec, run: HookRun): Promise<HookFailure | null> {
  const { service } = worker.task;
  const log = await HookLog.open(worker.host.paths.container(worker.task.id).hookLog);
  try {
    const exitCode = await runToEnd(worker, hook, run, log);
    if (run.signal.aborted) return { message: `${service} hook was ended: something else is wanted`, output: log.tail };
    if (exitCode === 0) return null;
    const reason = exitCode === -1 ? `did not end within ${run.timeoutMs} ms` : `exited with status ${exitCode}`;
    return { message: `${service} hook ${reason}`, output: log.tail };
  } catch (error) {
    const { message } = describeError(error);
    const code = exitCodeOf(error);
    if (code === null) return { message: `${service} hook could not be run: ${message}`, output: log.tail };
    return { message: `${service} hook exited with status ${code}`, output: message };
  } finally {
    await log.end();
  }
}

async function runToEnd(worker: TaskWorker, hook: HookSpec, run: HookRun, log: HookLog): Promise<number> {
  const session = await startExec(worker, execRequest(hook), run.timeoutMs);
  const close = (): void => session.close();
  run.signal.addEventListener('abort', close, { once: true });
  if (run.signal.aborted) close();
  try {
    for await (const { stream, bytes } of session.output) await log.write(stream, bytes);
    return (await session.exit).exitCode;
  } finally {
    run.signal.removeEventListener('abort', close);
    session.close();
  }
}

function execRequest({
  command,
  environment,
  user,
  workingDir,
  privileged,
}: HookSpec): Parameters<typeof startExec>[1] {
  return {
    command,
    // A name alone takes the variable away.
    environment: Object.entries(environment).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
    user,
    workingDir,
    privileged,
    tty: false,
    stdin: false,
    detach: false,
    size: null,
  };
}
