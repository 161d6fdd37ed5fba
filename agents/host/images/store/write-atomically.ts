import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Replaces a small file so that a crash at any moment leaves the old or the new content, also when the power fails. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.tmp`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    const data = typeof content === 'string' ? Buffer.from(content) : content;
    for (let written = 0; written < data.length;) written += writeSync(descriptor, data, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Makes renames in a directory durable. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
