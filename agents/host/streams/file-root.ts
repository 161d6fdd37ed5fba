import { readFileSync } from 'node:fs';
import { shortId } from '../../../src/model/ids.ts';
import { ContainerStateError, hasErrno, TaskError } from '../errors.ts';
import type { ContainerPaths } from '../host-paths.ts';
import type { OciSpec } from '../containers/oci-spec.ts';
import type { FileRoot } from '../native/file-program.ts';
import type { ShimConfig } from '../native/shim-config.ts';
import { keptRoot, type KeptRoot } from '../tasks/prepare-bundle.ts';
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
  const { hasUsers, ...root } = readKeptRoot(paths, name);
  if (hasUsers && !root.rootfs.mapIds) {
    throw new TaskError('unsupported', `copy files of container ${name}: it does not run, and has a user namespace`, {
      hint: 'start it first: this host cannot map the ids of its layers',
    });
  }
  return { kind: 'stopped', ...root };
}

function readKeptRoot(paths: ContainerPaths, name: string): KeptRoot {
  const root = readJson<KeptRoot>(paths.fileRoot) ?? rootOfBundle(paths);
  if (root !== null) return root;
  throw new ContainerStateError(name, 'has left no word of what its files are made of', 'start it first');
}

/** Of a container that an earlier version has made. */
function rootOfBundle(paths: ContainerPaths): KeptRoot | null {
  const [config, spec] = [readJson<ShimConfig>(paths.shimConfig), readJson<OciSpec>(paths.runtimeSpec)];
  return config === null || spec === null ? null : keptRoot(spec, config.rootfs);
}

/** Null for one that is not there, or that a power cut has torn. */
function readJson<Content>(path: string): Content | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Content;
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || error instanceof SyntaxError) return null;
    throw error;
  }
}
