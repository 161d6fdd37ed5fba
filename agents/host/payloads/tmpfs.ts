import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Types of file systems that live in memory alone (include/uapi/linux/magic.h). */
const tmpfsMagic = 0x01021994;
const ramfsMagic = 0x858458f6;

/** Time for a mount or unmount, which are immediate unless the machine is in trouble. */
const mountTimeoutMs = 10_000;

/** Makes sure that the directory lies on a file system in memory; mounts one when it does not. Returns whether it mounted. */
export async function ensureTmpfs(directory: string): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const { type } = await statfs(directory);
  if (type === tmpfsMagic || type === ramfsMagic) return false;
  const options = ['-t', 'tmpfs', '-o', 'mode=0711,nosuid,nodev,noexec', 'tsstack-secrets', directory];
  await run('mount', options, { timeout: mountTimeoutMs });
  return true;
}

/** Undoes the mount; what still uses it keeps it until it ends. */
export async function unmount(directory: string): Promise<void> {
  await run('umount', ['--lazy', directory], { timeout: mountTimeoutMs });
}
