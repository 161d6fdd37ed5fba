import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hasLayeredDirectory } from '../containers/layer-view.ts';
import { TaskError } from '../errors.ts';

const run = promisify(execFile);

/** Copying a large tree to a slow disk takes minutes, not more. */
const copyTimeoutMs = 30 * 60_000;

/**
 * Copies what an image has at a path into the new directory `to`. Resolves to false, and makes nothing, when there is no directory.
 * `layerProgram` is tsstack-layer.
 */
export async function copyImageContent(
  layerProgram: string,
  layers: readonly string[],
  path: string,
  to: string,
): Promise<boolean> {
  // Most volumes hide nothing, and looking costs less than a process.
  if (!hasLayeredDirectory(layers, path)) return false;
  await mkdir(to);
  const view = layers.flatMap((layer) => ['--layer', layer]);
  try {
    await run(layerProgram, ['copy', '--from', path, '--to', to, ...view], { timeout: copyTimeoutMs });
    return true;
  } catch (cause) {
    throw new TaskError('internal', `volumes: copy the image's content of ${path}: ${String(cause)}`, { cause });
  }
}
