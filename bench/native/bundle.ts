import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { buildDefaultSeccomp } from '../../agents/host/containers/seccomp.ts';

/** What Docker gives a container. */
const capabilities =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);
const maskedPaths = ['acpi', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug', 'scsi'].map(
  (name) => `/proc/${name}`,
);
const readonlyPaths = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`);

/** A container as an engine describes it, with all namespaces, limits and a filter of system calls; an OCI runtime spec that runc 1.1 takes, too. */
export function describeContainer(args: readonly string[]): Readonly<Record<string, unknown>> {
  const sets = { bounding: capabilities, effective: capabilities, permitted: capabilities };
  const mount = (destination: string, type: string, ...options: readonly string[]): object => ({
    destination,
    type,
    source: type,
    options: ['nosuid', ...options],
  });
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: sets,
      noNewPrivileges: true,
    },
    root: { path: 'rootfs' },
    hostname: 'bench',
    mounts: [
      mount('/proc', 'proc', 'noexec', 'nodev'),
      mount('/dev', 'tmpfs', 'strictatime', 'mode=755', 'size=65536k'),
      mount('/dev/pts', 'devpts', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'),
      mount('/dev/shm', 'tmpfs', 'noexec', 'nodev', 'mode=1777', 'size=65536k'),
      mount('/dev/mqueue', 'mqueue', 'noexec', 'nodev'),
      mount('/sys', 'sysfs', 'noexec', 'nodev', 'ro'),
      mount('/sys/fs/cgroup', 'cgroup', 'noexec', 'nodev', 'ro'),
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      resources: { memory: { limit: 256 * 1024 * 1024 }, cpu: { shares: 512 }, pids: { limit: 100 } },
      seccomp: buildDefaultSeccomp({ capabilities, architecture: process.arch, kernel: release() }),
      maskedPaths,
      readonlyPaths,
    },
  };
}

/**
 * Calls `use` with a bundle whose root is an overlay over a lower directory with busybox, mounted in this mount namespace meanwhile. The
 * layers are on the disk, the bundle in memory, as engines have it in /run.
 */
export function withBundle<T>(directory: string, args: readonly string[], use: (bundle: string) => T): T {
  const part = (name: string): string => {
    mkdirSync(join(directory, name), { recursive: true });
    return join(directory, name);
  };
  const [lower, bundle] = [part('lower'), part('bundle')];
  installBusybox(lower);
  const options = `lowerdir=${lower},upperdir=${part('upper')},workdir=${part('work')}`;
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', bundle]);
  try {
    execFileSync('mount', ['-t', 'overlay', '-o', options, 'overlay', part('bundle/rootfs')]);
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(describeContainer(args)));
    return use(bundle);
  } finally {
    execFileSync('umount', ['--recursive', bundle]);
  }
}

function installBusybox(root: string): void {
  for (const name of ['bin', 'proc', 'sys', 'dev']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  execFileSync('chroot', [root, '/bin/busybox', '--install', '-s', '/bin']);
}
