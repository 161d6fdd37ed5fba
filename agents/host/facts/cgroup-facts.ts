import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** Type of the unified hierarchy (include/uapi/linux/magic.h, CGROUP2_SUPER_MAGIC). */
const cgroup2Magic = 0x63677270;
const root = '/sys/fs/cgroup';

export interface CgroupFacts {
  readonly mode: 'v1' | 'hybrid' | 'v2';
  /** Controllers that limits need and this host lacks. */
  readonly missing: readonly string[];
  readonly canLimitSwap: boolean;
}

/** Controllers behind the attributes of the stack file, by their names in v1 and v2; the freezer and devices are built into v2. */
const wanted = {
  v1: ['memory', 'cpu', 'cpuset', 'pids', 'freezer', 'devices'],
  v2: ['memory', 'cpu', 'cpuset', 'pids'],
};

/** Looks at the cgroups of this host. */
export function readCgroupFacts(): CgroupFacts {
  if (statfsSync(root).type === cgroup2Magic) {
    const available = readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(' ');
    const missing = wanted.v2.filter((name) => !available.includes(name));
    return { mode: 'v2', missing, canLimitSwap: existsSync(join(root, ownPath(''), 'memory.swap.max')) || !isRoot() };
  }
  const isHybrid = existsSync(join(root, 'unified/cgroup.procs'));
  return {
    mode: isHybrid ? 'hybrid' : 'v1',
    missing: wanted.v1.filter((name) => ownPath(name) === ''),
    canLimitSwap: existsSync(join(root, 'memory', ownPath('memory'), 'memory.memsw.limit_in_bytes')),
  };
}

/** The daemon's own cgroup in the hierarchy of a controller; `` when there is none. */
function ownPath(controller: string): string {
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names.split(',').includes(controller)) return path;
  }
  return '';
}

/** The root of the unified tree has no limits of its own to look at; swap accounting is on by default there. */
function isRoot(): boolean {
  return ownPath('') !== '/';
}
