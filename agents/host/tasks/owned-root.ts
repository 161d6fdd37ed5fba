import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { TaskError } from '../errors.ts';
import type { ContainerPaths } from '../host-paths.ts';
import { NativeError } from '../native/native-error.ts';
import type { IdRange } from '../users/id-range.ts';
import type { LocalImage, TaskHost } from './task-host.ts';

/** True when a container was not made because the host cannot map the ids of its layers: then it needs a root of its own. */
export function cannotMapRoot(error: unknown): error is NativeError {
  return error instanceof NativeError && error.nativeCode === 'id-map' && !error.path.startsWith('mounts[');
}

/** The container's copy of its image, null when it has none. */
export function findOwnedRoot(paths: ContainerPaths): string | null {
  return existsSync(paths.ownedRoot) ? paths.ownedRoot : null;
}

/** Copies the image for a container that has these ids. May be repeated after a crash: an unfinished copy has another name. */
export async function makeOwnedRoot(
  host: Pick<TaskHost, 'images' | 'log'>,
  paths: ContainerPaths,
  image: LocalImage,
  users: IdRange,
  cause: NativeError,
): Promise<void> {
  const written = await readdir(paths.upper);
  if (written.length > 0) {
    throw new TaskError('unsupported', `userns_mode: ${cause.message}, and the container has files in its layer`, {
      cause,
    });
  }
  const unfinished = `${paths.ownedRoot}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  await host.images.copyRoot(image, unfinished, users);
  await chown(paths.upper, users.first, users.first);
  await rename(unfinished, paths.ownedRoot);
  host.log(`${cause.message}: copied image ${image.id} instead`);
}
