import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ShimLab } from './shim-lab.ts';

/** How much of everything there is; the names are for messages. */
export type Footprint = ReadonlyMap<string, number>;

/**
 * Kernel objects of which each container has at least one: a namespace, mounts, processes, cgroups, an overlay, a socket. The kernel
 * counts small ones (nsproxy, say) by whole pages, too roughly for this.
 */
const slabs = [
  'mnt_cache',
  'net_namespace',
  'ovl_inode',
  'task_struct',
  'pid',
  'mem_cgroup',
  'sock_inode_cache',
] as const;

/** Other programs of the machine start and end meanwhile; they are not many. */
const slabTolerance = 200;

function countSlabs(): readonly (readonly [string, number])[] {
  const rows = readFileSync('/proc/slabinfo', 'utf8').split('\n');
  return slabs.map((name) => {
    const row = rows.find((line) => line.startsWith(`${name} `));
    if (row === undefined) throw new Error(`the kernel counts no ${name}; does it merge slabs?`);
    return [`slab ${name}`, Number(row.split(/\s+/)[1])];
  });
}

/** Counts what containers of the lab leave on the host, and what this process and its children hold. */
export function measureFootprint(lab: ShimLab): Footprint {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
  return new Map([
    ['mounts', readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length],
    ['cgroups', globSync(`/sys/fs/cgroup/{,*/}{,**/}${lab.cgroup}/*/`).length],
    ['processes', lab.findProcesses().length],
    ['descriptors', readdirSync('/proc/self/fd').length],
    ['descriptors of children', children.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0)],
    ...countSlabs(),
  ]);
}

/** What there is more of than before, a line each. */
export function compareFootprints(before: Footprint, after: Footprint): readonly string[] {
  return [...after].flatMap(([name, count]) => {
    const earlier = before.get(name) ?? 0;
    const allowed = name.startsWith('slab') ? slabTolerance : 0;
    return count > earlier + allowed ? [`${name}: ${earlier} before, ${count} after`] : [];
  });
}

/** Makes the kernel let go of what it only keeps in case it is asked for again: files, and the cgroups that these are charged to. */
export function dropCaches(): void {
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}
