import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { OciMount } from './oci-spec.ts';

/** A mount of the file after its source was found or made on this host. */
export type PreparedMount =
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation: string | null;
      /** Mounts below the source: left out, as they are, or read-only with it. */
      readonly below: 'none' | 'as-is' | 'read-only';
      /** Owners on the disk are ids of the container's user namespace. */
      readonly mapIds: boolean;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly sizeBytes: number | null;
      readonly mode: number | null;
      readonly options: readonly string[];
    };

/** What a container has as its /dev/shm: a file system of its own, one of the host's that it shares, or nothing. */
export type SharedMemory = 'own' | 'none' | { readonly bind: string };

/** Size of /dev/shm where the file says nothing. */
export const defaultShmBytes = 64 * 1024 * 1024;

/** That of the host. */
export const hostSharedMemory = '/dev/shm';

/** What a container has mounted before anything of the file (semantics.md, section 7). */
function systemMounts(spec: ContainerSpec, memory: SharedMemory): readonly OciMount[] {
  const systemAccess = spec.privileged ? 'rw' : 'ro';
  const cgroupAccess = spec.privileged || spec.writableCgroups ? 'rw' : 'ro';
  const hardened = ['nosuid', 'noexec', 'nodev'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: hardened },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...hardened, systemAccess] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...hardened, cgroupAccess] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: hardened },
    ...memoryMounts(spec, memory, hardened),
  ];
}

function memoryMounts(spec: ContainerSpec, memory: SharedMemory, hardened: readonly string[]): readonly OciMount[] {
  const destination = '/dev/shm';
  if (memory === 'none') return [];
  if (memory !== 'own')
    return [{ destination, type: 'bind', source: memory.bind, options: ['bind', 'rw', ...hardened] }];
  const options = [...hardened, 'mode=1777', `size=${spec.shmSizeBytes ?? defaultShmBytes}`];
  return [{ destination, type: 'tmpfs', source: 'shm', options }];
}

/** Files that the agent writes for each container. */
export interface GeneratedFiles {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
}

/**
 * All mounts in the order in which they are made: the system's, then by depth, so that a mount below another one is not
 * hidden by it. A mount of the file on the same path replaces one of ours.
 */
export function buildMounts(
  spec: ContainerSpec,
  prepared: readonly PreparedMount[],
  files: GeneratedFiles,
  initPath: string | null,
  memory: SharedMemory = 'own',
): readonly OciMount[] {
  const own = prepared.map(toOciMount);
  const taken = new Set(own.map((mount) => mount.destination));
  const generated = [
    fileMount(files.resolvConf, '/etc/resolv.conf', spec.readOnly),
    fileMount(files.hostname, '/etc/hostname', spec.readOnly),
    fileMount(files.hosts, '/etc/hosts', spec.readOnly),
    ...(initPath === null ? [] : [fileMount(initPath, initTarget, true)]),
  ];
  return [
    ...systemMounts(spec, memory).filter((mount) => !taken.has(mount.destination)),
    ...[...generated.filter((mount) => !taken.has(mount.destination)), ...own].sort(
      (a, b) => depth(a.destination) - depth(b.destination),
    ),
  ];
}

/** Where PID 1 of `init: true` appears in the container; at the top, because images may have no /sbin. */
export const initTarget = '/.tsstack-init';

/** Propagation that the root needs so that the mounts with shared or slave propagation work; undefined = the default. */
export function rootPropagation(prepared: readonly PreparedMount[]): string | undefined {
  const modes = prepared.map((mount) => (mount.type === 'bind' ? mount.propagation : null));
  if (modes.some((mode) => mode === 'shared' || mode === 'rshared')) return 'shared';
  if (modes.some((mode) => mode === 'slave' || mode === 'rslave')) return 'slave';
  return undefined;
}

function toOciMount(mount: PreparedMount): OciMount {
  const destination = normalise(mount.target);
  if (mount.type === 'bind') {
    const options = [
      mount.below === 'none' ? 'bind' : 'rbind',
      mount.readOnly ? (mount.below === 'read-only' ? 'rro' : 'ro') : 'rw',
      mount.propagation ?? 'rprivate',
      ...(mount.mapIds ? ['idmap'] : []),
    ];
    return { destination, type: 'bind', source: mount.source, options };
  }
  // Options of the file come last: `exec` there undoes our `noexec`.
  const options = [
    'nosuid',
    'nodev',
    'noexec',
    ...(mount.sizeBytes === null ? [] : [`size=${mount.sizeBytes}`]),
    `mode=${(mount.mode ?? 0o1777).toString(8)}`,
    ...mount.options,
  ];
  return { destination, type: 'tmpfs', source: 'tmpfs', options };
}

function fileMount(source: string, destination: string, readOnly: boolean): OciMount {
  return { destination, type: 'bind', source, options: ['rbind', readOnly ? 'ro' : 'rw', 'rprivate'] };
}

function normalise(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}

function depth(path: string): number {
  return path.split('/').length;
}
