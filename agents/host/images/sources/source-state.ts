import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageReference } from '../../../../src/model/image-reference.ts';

/**
 * What tells one content of a local source from the next without reading it; null for sources that are not local and for
 * those that are gone.
 */
export function sourceState(reference: ImageReference): string | null {
  if (reference.kind === 'oci-layout') return fileState(join(reference.directory, 'index.json'));
  if (reference.kind === 'docker-archive') return fileState(reference.file);
  return null;
}

function fileState(path: string): string | null {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? null : `${status.ino}:${status.size}:${status.mtimeNs}`;
}
