import { readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasErrno } from '../errors.ts';

const cgroupRoot = '/sys/fs/cgroup';

/** Rounds of killing and waiting until a group is empty; a process needs at most one to die unless it hangs in the kernel. */
const maxRounds = 100;
const roundMs = 10;

/**
 * Kills what is left in a container's cgroups and removes them: for a shim that was killed itself and could not. `cgroup` is
 * relative to the daemon's own cgroup.
 */
export async function removeCgroupRemains(cgroup: string): Promise<void> {
  const directories = cgroupDirectories(cgroup);
  for (let round = 0; round < maxRounds && directories.some(killAll); round += 1) {
    // The kernel announces the end of processes that are not our children nowhere.
    await new Promise((resolve) => setTimeout(resolve, roundMs));
  }
  for (const directory of directories) removeTree(directory);
}

/** Removes the empty cgroup of a daemon, and the one that all daemons share when this was the last. */
export function removeEmptyCgroups(cgroup: string): void {
  for (const directory of cgroupDirectories(cgroup)) {
    try {
      rmdirSync(directory);
      rmdirSync(dirname(directory));
    } catch (error) {
      // In use, by another daemon perhaps.
      if (!hasErrno(error, 'EBUSY', 'ENOTEMPTY', 'ENOENT')) throw error;
    }
  }
}

/** The same cgroup in each hierarchy: one per v1 controller, one unified tree, or both on hybrid hosts. */
function cgroupDirectories(cgroup: string): readonly string[] {
  return readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers !== '') return [join(cgroupRoot, controllers.replace(/^name=/, ''), path, cgroup)];
      return [join(cgroupRoot, path, cgroup), join(cgroupRoot, 'unified', path, cgroup)];
    })
    .filter((directory) => childrenOf(directory) !== null);
}

/** Kills everything below a cgroup; returns whether there was something. */
function killAll(directory: string): boolean {
  let found = false;
  for (const child of childrenOf(directory) ?? []) found = killAll(join(directory, child)) || found;
  thaw(directory);
  for (const pid of processesOf(directory)) {
    found = true;
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!hasErrno(error, 'ESRCH')) throw error;
    }
  }
  return found;
}

/** Frozen processes do not die. */
function thaw(directory: string): void {
  for (const [file, value] of [
    ['freezer.state', 'THAWED'],
    ['cgroup.freeze', '0'],
  ] as const) {
    try {
      writeFileSync(join(directory, file), value, { flag: 'r+' });
    } catch (error) {
      if (!hasErrno(error, 'ENOENT', 'EACCES', 'ENODEV')) throw error;
    }
  }
}

function processesOf(directory: string): readonly number[] {
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && line !== '0')
      .map(Number);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP')) return [];
    throw error;
  }
}

function removeTree(directory: string): void {
  for (const child of childrenOf(directory) ?? []) removeTree(join(directory, child));
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}

function childrenOf(directory: string): readonly string[] | null {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
