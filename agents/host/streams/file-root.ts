import { readFileSync } from 'node:fs';
import { shortId } from '../../../src/model/ids.ts';
import type { OciMount, OciSpec } from '../containers/oci-spec.ts';
import { ContainerStateError, hasErrno, TaskError } from '../errors.ts';
import type { ContainerPaths } from '../host-paths.ts';
import type { FileRoot } from '../native/file-program.ts';
import { readShimConfig } from '../native/shim-config.ts';
import type { TaskWorker } from '../tasks/task-worker.ts';

/** The files of a container: those that its processes see, or while there are none what it would see. */
export function fileRootOf({ container, host, task }: TaskWorker): FileRoot {
  const { phase, state } = container;
  const pid = state?.pid ?? null;
  if (pid !== null && phase !== 'exited' && phase !== 'lost')
    return { kind: 'running', pid, cgroup: `/${shortId(task.id)}` };
  if (phase === 'restarting')
    throw new ContainerStateError(task.containerName, 'is restarting', 'wait until it is running, or stop it');
  return stoppedRoot(host.paths.container(task.id), task.containerName);
}

function stoppedRoot(paths: ContainerPaths, name: string): FileRoot {
  const { rootfs } = readBundle(() => readShimConfig(paths.shimConfig), name);
  const spec = readBundle(() => JSON.parse(readFileSync(paths.runtimeSpec, 'utf8')) as OciSpec, name);
  if (spec.linux.uidMappings !== undefined && !rootfs.mapIds) {
    throw new TaskError('unsupported', `copy files of container ${name}: it does not run, and has a user namespace`, {
      hint: 'start it first: this host cannot map the ids of its layers',
    });
  }
  return {
    kind: 'stopped',
    rootfs,
    isReadOnly: spec.root.readonly,
    binds: spec.mounts.filter(({ type }) => type === 'bind').map(toBind),
  };
}

function toBind({ source, destination, options }: OciMount): {
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
} {
  return { source, target: destination, isReadOnly: options.includes('ro') || options.includes('rro') };
}

/** The bundle lies where nothing outlives the machine's start. */
function readBundle<Content>(read: () => Content, name: string): Content {
  try {
    return read();
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    throw new ContainerStateError(name, 'has not been made since the machine started', 'start it first');
  }
}
