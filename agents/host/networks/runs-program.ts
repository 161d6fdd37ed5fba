import { readFileSync, statSync } from 'node:fs';
import { hasErrno } from '../errors.ts';

/** Whether a process runs what this program file holds now, as far as that can be seen. An update replaces the file; the kernel keeps the one that runs. */
export function runsProgram(pid: number, program: string): boolean {
  const running = `/proc/${pid}/exe`;
  try {
    const [old, now] = [statSync(running), statSync(program)];
    if (old.dev === now.dev && old.ino === now.ino) return true;
    return old.size === now.size && readFileSync(running).equals(readFileSync(program));
  } catch (error) {
    // The process has just ended, or there is nothing to put in its place.
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return true;
    throw error;
  }
}
