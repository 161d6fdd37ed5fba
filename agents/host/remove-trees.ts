import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Millions of files on a slow disk take minutes, not more. */
const removeTimeoutMs = 30 * 60_000;

/** Removes directories with everything in them, never crossing a mount; what does not exist is no error. */
export async function removeTrees(layerProgram: string, directories: readonly string[]): Promise<void> {
  await run(layerProgram, ['remove', ...directories], { timeout: removeTimeoutMs });
}
