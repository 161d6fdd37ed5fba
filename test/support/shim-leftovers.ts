import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasErrno } from '../../agents/host/errors.ts';
import type { LabContainer, ShimLab } from './shim-lab.ts';

/** Directories of the container's cgroup in whatever hierarchies the host has. */
function findCgroups(lab: ShimLab, container: LabContainer): readonly string[] {
  return globSync(`/sys/fs/cgroup/{,*/}{,**/}${lab.cgroup}/${container.name}`);
}

/** What is left on the host of a container that has ended; empty when all is well. */
export function findLeftovers(lab: ShimLab, container: LabContainer): readonly string[] {
  return [
    ...findCgroups(lab, container),
    ...(existsSync(container.socketPath) ? [container.socketPath] : []),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(container.directory)),
    ...lab.findProcesses().map((pid) => `process ${pid}`),
  ];
}

/** What the process's descriptors refer to, without numbers that differ from one to the next. */
export function readDescriptors(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .flatMap((fd) => readDescriptor(`/proc/${pid}/fd/${fd}`))
    .toSorted();
}

/** Empty for one that was closed since it was listed. */
function readDescriptor(path: string): readonly string[] {
  try {
    return [readlinkSync(path).replace(/\d+/, 'N')];
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
