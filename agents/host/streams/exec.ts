import { readFileSync } from 'node:fs';
import { buildExecProcess } from '../containers/exec-process.ts';
import type { OciSpec } from '../containers/oci-spec.ts';
import { TaskError } from '../errors.ts';
import { NativeError } from '../native/native-error.ts';
import { readShimConfig } from '../native/shim-config.ts';
import { resolveUser } from '../containers/users.ts';
import type { ResolvedUser } from '../containers/users.ts';
import type { ContainerPaths } from '../host-paths.ts';
import { readUserDatabase } from '../tasks/prepare-container.ts';
import type { ShimSession } from '../tasks/shim.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import type { TaskWorker } from '../tasks/task-worker.ts';
import { requireRunning } from './require-running.ts';
import type { RelayStream } from './relay-stream.ts';
import { pumpSession } from './session-pump.ts';
import { unlessEnded } from './unless-ended.ts';

/** Runs a command in a container. */
export async function serveExec(tasks: TaskTable, stream: RelayStream<'exec'>): Promise<number> {
  const worker = tasks.get(stream.taskId);
  requireRunning(worker);
  const session = await unlessEnded(worker, startExec(worker, stream.arguments, null)).catch((error: unknown) => {
    throw noSuchDirectory(error, stream.arguments.workingDir) ?? error;
  });
  if (!stream.arguments.detach) return pumpSession(session, stream);
  session.close();
  return 0;
}

/** Starts a command in a running container. */
export function startExec(
  worker: TaskWorker,
  request: RelayStream<'exec'>['arguments'],
  timeoutMs: number | null,
): Promise<ShimSession> {
  const paths = worker.host.paths.container(worker.task.id);
  const base = (JSON.parse(readFileSync(paths.runtimeSpec, 'utf8')) as OciSpec).process;
  const user = request.user === null ? null : resolveExecUser(paths, request.user);
  const process = buildExecProcess({ base, request, user, allCapabilities: worker.host.facts.limits.capabilities });
  const { stdin, detach, privileged } = request;
  return worker.host.shims.exec(paths.socket, { process, stdin, detach, timeoutMs, privileged });
}

/** The runtime speaks of its own field. */
function noSuchDirectory(error: unknown, directory: string | null): TaskError | null {
  if (directory === null || !(error instanceof NativeError) || error.path !== 'process.cwd') return null;
  return new TaskError('not-found', `the container has no directory ${directory}`, {
    cause: error,
    hint: 'name one that it has, or make it first',
  });
}

function resolveExecUser(paths: ContainerPaths, user: string): ResolvedUser {
  const { rootfs } = readShimConfig(paths.shimConfig);
  const lower = rootfs.lower.map((layer) => (layer.startsWith('/') ? layer : `${rootfs.directory ?? ''}/${layer}`));
  return resolveUser(user, [], readUserDatabase([rootfs.upper, ...lower]));
}
