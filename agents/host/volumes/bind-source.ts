import { mkdir, stat } from 'node:fs/promises';
import { TaskError, hasErrno } from '../errors.ts';
import type { MountSpec } from '../../../src/model/spec.ts';

/** Checks the source of a bind mount; a missing one is made, as a directory of root, where the short syntax asks for that. */
export async function ensureBindSource(mount: Extract<MountSpec, { type: 'bind' }>): Promise<void> {
  try {
    await stat(mount.source);
  } catch (cause) {
    if (!hasErrno(cause, 'ENOENT')) {
      throw new TaskError('invalid', `volumes: bind source ${mount.source} cannot be used`, { cause });
    }
    if (!mount.createHostPath) {
      throw new TaskError('invalid', `volumes: bind source ${mount.source} does not exist on this host`, {
        cause,
        hint: 'create it, or set `bind.create_host_path: true`',
      });
    }
    await mkdir(mount.source, { recursive: true });
  }
}
