import { statSync } from 'node:fs';
import { isKernelAtLeast } from './kernel-version.ts';

/** quotactl_fd(2) is there from this version on. */
const minimumKernel = '5.14';

/**
 * Whether the file system of a directory counts and limits what projects take, from the text of /proc/self/mountinfo: xfs mounted
 * with `pquota`, ext4 with `prjquota`.
 */
export function canLimitStorage(directory: string, mountInfo: string, kernel: string): boolean {
  const device = deviceName(statSync(directory).dev);
  return (
    isKernelAtLeast(kernel, minimumKernel) &&
    mountInfo.split('\n').some((line) => {
      const [before = '', after = ''] = line.split(' - ', 2);
      const [, , mounted] = before.split(' ');
      const [, , options = ''] = after.split(' ');
      return mounted === device && options.split(',').some((option) => option === 'prjquota' || option === 'pquota');
    })
  );
}

/** `8:1`, as the kernel's own tables have it. */
function deviceName(dev: number): string {
  const major = ((dev >>> 8) & 0xfff) | (Math.floor(dev / 2 ** 32) & ~0xfff);
  const minor = (dev & 0xff) | ((dev >>> 12) & ~0xff);
  return `${major}:${minor}`;
}
