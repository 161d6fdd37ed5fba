import { startExec } from '../streams/exec.ts';
import type { TaskWorker } from '../tasks/task-worker.ts';
import type { ProbeResult } from './health-state.ts';
import type { Healthcheck } from './healthcheck.ts';

/** Longest output of a probe that is kept, in bytes, and what stands for the rest (semantics.md, section 7). */
const maxOutputBytes = 4096;
const cutMarker = '...';

/** Runs a probe once in the container, as the container's own user; killed when its time is over. */
export async function runProbe(worker: TaskWorker, check: Healthcheck, signal: AbortSignal): Promise<ProbeResult> {
  const session = await startExec(worker, probeRequest(check), check.timeoutMs);
  const close = (): void => session.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const output = await collect(session.output);
    const { exitCode } = await session.exit;
    return { exitCode, output: exitCode === -1 ? timeoutMessage(check, output) : output };
  } finally {
    signal.removeEventListener('abort', close);
    session.close();
  }
}

function probeRequest(check: Healthcheck): Parameters<typeof startExec>[1] {
  return {
    command: check.command,
    environment: [],
    user: null,
    workingDir: null,
    tty: false,
    stdin: false,
    detach: false,
    privileged: false,
    size: null,
  };
}

async function collect(output: AsyncIterable<{ readonly bytes: Buffer }>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const { bytes } of output) {
    // The rest is read all the same, so that the probe does not block on a full pipe.
    if (size <= maxOutputBytes) chunks.push(bytes);
    size += bytes.length;
  }
  const text = Buffer.concat(chunks).subarray(0, maxOutputBytes).toString();
  return size > maxOutputBytes ? text + cutMarker : text;
}

function timeoutMessage(check: Healthcheck, output: string): string {
  return `health check exceeded its timeout of ${check.timeoutMs} ms${output === '' ? '' : `: ${output}`}`;
}
