import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findLayeredDirectories } from '../containers/layer-view.ts';
import { TaskError } from '../errors.ts';

const run = promisify(execFile);

/** Copying a large tree to a slow disk takes minutes, not more. */
const copyTimeoutMs = 30 * 60_000;

/** Mounts the layers below each other where nobody else sees it, and copies what shows. */
const mergedCopy = 'mount -t overlay tsstack-copy -o "$1" "$2" && exec "$3" copy --from "$2" --to "$4"';

export interface CopyContentOptions {
  /** The program tsstack-layer. */
  readonly program: string;
  /** Directory for a short-lived mount point. */
  readonly temporary: string;
}

/**
 * Copies what an image has at a path into the new directory `to`. Resolves to false when there is no directory, or an empty view of
 * one, at that path.
 */
export async function copyImageContent(
  layers: readonly string[],
  path: string,
  to: string,
  options: CopyContentOptions,
): Promise<boolean> {
  const directories = findLayeredDirectories(layers, path);
  const [only] = directories;
  if (only === undefined) return false;
  try {
    if (directories.length === 1)
      await run(options.program, ['copy', '--from', only, '--to', to], { timeout: copyTimeoutMs });
    else await copyMerged(directories, to, options);
    return true;
  } catch (cause) {
    throw new TaskError('internal', `volumes: copy the image's content of ${path}: ${String(cause)}`, { cause });
  }
}

async function copyMerged(directories: readonly string[], to: string, options: CopyContentOptions): Promise<void> {
  await mkdir(options.temporary, { recursive: true });
  const point = await mkdtemp(join(options.temporary, 'merge-'));
  try {
    const lower = `lowerdir=${directories.join(':')}`;
    const command = ['sh', '-c', mergedCopy, 'sh', lower, point, options.program, to];
    // The mount goes with the namespace, whatever happens to the copy.
    await run('unshare', ['--mount', '--propagation', 'private', ...command], { timeout: copyTimeoutMs });
  } finally {
    await rmdir(point);
  }
}
