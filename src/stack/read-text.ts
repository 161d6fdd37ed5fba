import { stackFileError } from './errors.ts';
import type { StackFileSystem } from './file-system.ts';
import type { Place } from './problems.ts';

/** Reads a file; what goes wrong becomes a located error. */
export function readText(fileSystem: StackFileSystem, path: string, askedAt: Place | null): string {
  try {
    return fileSystem.readText(path);
  } catch (error) {
    throw stackFileError(askedAt, [], `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
