import { mkdir } from 'node:fs/promises';
import { hasLayeredDirectory } from '../containers/layer-view.ts';
import { TaskError } from '../errors.ts';
import type { LayerProgram } from '../native/layer.ts';

/**
 * Copies what an image has at a path into the empty directory `to`, which it makes if need be. Resolves to false, and makes nothing, when there is no directory.
 */
export async function copyImageContent(
  program: LayerProgram,
  layers: readonly string[],
  path: string,
  to: string,
): Promise<boolean> {
  // Most volumes hide nothing, and looking costs less than a process.
  if (!hasLayeredDirectory(layers, path)) return false;
  await mkdir(to, { recursive: true });
  try {
    await program.copy({ layers, from: path, to, firstId: 0 });
    return true;
  } catch (cause) {
    throw new TaskError('internal', `volumes: copy the image's content of ${path}`, { cause });
  }
}
