import { join } from 'node:path';
import type { NamespacesSpec } from '../../../src/model/namespaces-spec.ts';

/** For each namespace that belongs to another container: that one's place in /proc; null = none is shared. */
export interface SharedProcesses {
  readonly pid: string | null;
  readonly ipc: string | null;
}

/** Namespaces of the container's processes but for mount, network and user: made, joined, or, when left out, the host's. */
export function buildNamespaces(
  spec: NamespacesSpec,
  shared: SharedProcesses,
): readonly { readonly type: string; readonly path?: string }[] {
  const made = (type: string, isOwn: boolean): readonly { type: string }[] => (isOwn ? [{ type }] : []);
  const joined = (type: 'pid' | 'ipc'): readonly { type: string; path?: string }[] => {
    const process = shared[type];
    return process === null ? made(type, spec[type].kind !== 'host') : [{ type, path: join(process, 'ns', type) }];
  };
  return [
    ...joined('pid'),
    ...joined('ipc'),
    ...made('uts', spec.uts === 'private'),
    ...made('cgroup', spec.cgroup === 'private'),
  ];
}
