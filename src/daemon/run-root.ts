import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Types of file systems that live in memory alone (include/uapi/linux/magic.h). */
const tmpfsMagic = 0x01021994;
const ramfsMagic = 0x858458f6;

/** Time for a mount or unmount, which are immediate unless the machine is in trouble. */
const mountTimeoutMs = 10_000;

/** Name of our mounts in the list of the kernel. */
const mountSource = 'tsstack-run';

/**
 * Makes sure that the run root lies in memory, as /run does on most machines: secrets may be on no disk, and the many small files
 * of containers that come and go are slow on one. Mounts a file system there if need be.
 */
export async function prepareRunRoot(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const { type } = statfsSync(directory);
  if (type === tmpfsMagic || type === ramfsMagic) return;
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=0711', mountSource, directory], { timeout: mountTimeoutMs });
}

/** Undoes the mount when it is ours. To be called when no container is left. */
export async function releaseRunRoot(directory: string): Promise<void> {
  const isOurs = readFileSync('/proc/self/mounts', 'utf8').includes(`\n${mountSource} ${directory} tmpfs `);
  // Lazily: log files and sockets that are about to be closed are no reason to fail.
  if (isOurs) await run('umount', ['--lazy', directory], { timeout: mountTimeoutMs });
}
