import assert from 'node:assert/strict';
import { defaultCapabilities } from '../../../../agents/host/containers/capabilities.ts';
import { linuxCapabilities } from '../../../../src/model/capability-names.ts';
import { buildRuntimeSpec } from '../../../../agents/host/containers/runtime-spec.ts';
import { buildDefaultSeccomp } from '../../../../agents/host/containers/seccomp.ts';
import type { RuntimeSpecInput } from '../../../../agents/host/containers/runtime-spec.ts';
import type { OciSpec } from '../../../../agents/host/containers/oci-spec.ts';
import type { ContainerSpec, ResourcesSpec } from '../../../../src/model/spec.ts';
import { containerSpec, imageDefaults, serviceSpec } from './builders.ts';

function input(container: Partial<ContainerSpec> = {}, change: Partial<RuntimeSpecInput> = {}): RuntimeSpecInput {
  return {
    spec: serviceSpec({ container: containerSpec(container) }),
    image: imageDefaults(),
    user: { uid: 0, gid: 0, additionalGids: [], home: '/root' },
    hostname: 'box',
    host: {
      capabilities: linuxCapabilities.filter((name) => name !== 'CAP_SYS_RESOURCE'),
      hardLimits: { nofile: 1000, core: -1 },
      cgroup: 'hybrid',
      canLimitSwap: true,
      securityModules: [],
      hasDefaultApparmorProfile: false,
      cpus: 2,
    },
    mounts: [],
    files: { hosts: '/r/hosts', hostname: '/r/hostname', resolvConf: '/r/resolv.conf' },
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO', architectures: [], syscalls: [] },
    networkNamespace: '/r/netns',
    sharedProcesses: { pid: null, ipc: null },
    sharedMemory: 'own',
    users: null,
    genericResources: {},
    cgroup: 'tsstack/01234567/x',
    initPath: '/opt/init',
    ...change,
  };
}

function build(container: Partial<ContainerSpec> = {}, change: Partial<RuntimeSpecInput> = {}): OciSpec {
  return buildRuntimeSpec(input(container, change));
}

function resources(change: Partial<ResourcesSpec>): OciSpec['linux']['resources'] {
  return build({ resources: { ...containerSpec().resources, ...change } }).linux.resources;
}

function mountAt(spec: OciSpec, destination: string): OciSpec['mounts'][number] | undefined {
  return spec.mounts.find((mount) => mount.destination === destination);
}

describe('runtime spec', () => {
  it('has the defaults of this field when the file says nothing', () => {
    const spec = build();
    assert.deepEqual(spec.process.args, ['serve']);
    assert.equal(spec.process.cwd, '/');
    assert.equal(spec.process.terminal, false);
    assert.equal(spec.process.noNewPrivileges, false);
    assert.deepEqual([...spec.process.capabilities.effective].sort(), [...defaultCapabilities].sort());
    assert.deepEqual(
      spec.linux.namespaces.map(({ type }) => type),
      ['pid', 'ipc', 'uts', 'cgroup', 'mount', 'network'],
    );
    assert.ok(spec.linux.maskedPaths.includes('/proc/kcore'));
    assert.ok(spec.linux.maskedPaths.includes('/sys/devices/system/cpu/cpu1/thermal_throttle'));
    assert.ok(spec.linux.readonlyPaths.includes('/proc/sys'));
    assert.ok(mountAt(spec, '/dev/shm')?.options.includes('size=67108864'));
    assert.ok(mountAt(spec, '/sys')?.options.includes('ro'));
    assert.equal(spec.linux.resources.memory, undefined);
    assert.equal(spec.linux.resources.pids, undefined);
  });

  it('takes every attribute into the spec', () => {
    assert.equal(build({ tty: true }).process.terminal, true);
    assert.ok(build({ tty: true }).process.env.includes('TERM=xterm'));
    assert.equal(build({ readOnly: true }).root.readonly, true);
    assert.ok(mountAt(build({ readOnly: true }), '/etc/hosts')?.options.includes('ro'));
    assert.equal(build({ workingDir: '/srv' }).process.cwd, '/srv');
    assert.equal(build({ noNewPrivileges: true }).process.noNewPrivileges, true);
    assert.equal(build({ oomScoreAdj: 300 }).process.oomScoreAdj, 300);
    assert.equal(build({ domainname: 'example.org' }).domainname, 'example.org');
    assert.deepEqual(build({ annotations: { a: 'b' } }).annotations, { a: 'b' });
    assert.ok(mountAt(build({ shmSizeBytes: 1024 }), '/dev/shm')?.options.includes('size=1024'));
    assert.deepEqual(build({ sysctls: { 'net.core.somaxconn': '64' } }).linux.sysctl, { 'net.core.somaxconn': '64' });
    assert.deepEqual(build({ ulimits: { nofile: { soft: 10, hard: 20 } } }).process.rlimits, [
      { type: 'RLIMIT_NOFILE', soft: 10, hard: 20 },
    ]);
    assert.deepEqual(resources({ cpus: 1.5 }).cpu, { quota: 150_000, period: 100_000 });
    assert.deepEqual(resources({ cpuset: '0', cpuShares: 512 }).cpu, { shares: 512, cpus: '0' });
    assert.deepEqual(resources({ cpuQuotaUs: 5000, cpuPeriodUs: 10_000 }).cpu, { quota: 5000, period: 10_000 });
    assert.deepEqual(resources({ memoryBytes: 100 }).memory, { limit: 100, swap: 200 });
    assert.deepEqual(resources({ memoryBytes: 100, memorySwapBytes: -1 }).memory, { limit: 100, swap: -1 });
    assert.deepEqual(resources({ memoryReservationBytes: 50 }).memory, { reservation: 50 });
    assert.deepEqual(resources({ pids: 7 }).pids, { limit: 7 });
  });

  it('leaves swap alone on hosts that do not account for it', () => {
    const limited = input({ resources: { ...containerSpec().resources, memoryBytes: 100 } });
    const spec = buildRuntimeSpec({ ...limited, host: { ...limited.host, canLimitSwap: false } });
    assert.deepEqual(spec.linux.resources.memory, { limit: 100 });
  });

  it('runs the command under the init when asked', () => {
    const spec = build({ init: true });
    assert.deepEqual(spec.process.args, ['/.tsstack-init', '--', 'serve']);
    assert.deepEqual(mountAt(spec, '/.tsstack-init'), {
      destination: '/.tsstack-init',
      type: 'bind',
      source: '/opt/init',
      options: ['rbind', 'ro', 'rprivate'],
    });
  });

  it('gives a privileged container everything', () => {
    const spec = build({ privileged: true });
    assert.equal(spec.linux.seccomp, undefined);
    assert.deepEqual(spec.linux.maskedPaths, []);
    assert.deepEqual(spec.linux.readonlyPaths, []);
    assert.deepEqual(spec.linux.resources.devices, [{ allow: true, access: 'rwm' }]);
    assert.ok(spec.process.capabilities.effective.includes('CAP_SYS_ADMIN'));
    assert.ok(mountAt(spec, '/sys')?.options.includes('rw'));
    assert.ok(spec.linux.devices.some(({ path, major, minor }) => path === '/dev/null' && major === 1 && minor === 3));
  });

  it('adds and drops capabilities, by any spelling', () => {
    const held = (change: Partial<ContainerSpec>): readonly string[] => build(change).process.capabilities.bounding;
    assert.ok(held({ capAdd: ['net_admin'] }).includes('CAP_NET_ADMIN'));
    assert.ok(!held({ capDrop: ['CAP_CHOWN'] }).includes('CAP_CHOWN'));
    assert.deepEqual(held({ capDrop: ['ALL'] }), []);
    assert.deepEqual(held({ capDrop: ['all'], capAdd: ['CHOWN'] }), ['CAP_CHOWN']);
    assert.equal(held({ capAdd: ['ALL'] }).length, linuxCapabilities.length - 1);
    assert.ok(!held({ capAdd: ['ALL'], capDrop: ['SYS_ADMIN'] }).includes('CAP_SYS_ADMIN'));
    assert.throws(() => held({ capAdd: ['NONSENSE'] }), /unknown capability NONSENSE/);
    assert.throws(() => held({ capAdd: ['SYS_RESOURCE'] }), /does not have CAP_SYS_RESOURCE/);
  });

  it('leaves someone who is not root only the bounding set', () => {
    const { capabilities } = build({}, { user: { uid: 7, gid: 7, additionalGids: [9], home: '/' } }).process;
    assert.deepEqual(capabilities.effective, []);
    assert.equal(capabilities.bounding.length, defaultCapabilities.length);
  });

  it('shares the network of the host without a namespace of its own', () => {
    const spec = build({}, { networkNamespace: null });
    assert.ok(!spec.linux.namespaces.some(({ type }) => type === 'network'));
    assert.throws(
      () => build({ sysctls: { 'net.ipv4.ip_forward': '1' } }, { networkNamespace: null }),
      /change the host/,
    );
  });

  it('refuses what would change the whole machine or cannot be had', () => {
    assert.throws(() => build({ sysctls: { 'kernel.panic': '1' } }), /kernel.panic is not a setting of one container/);
    assert.throws(() => build({ ulimits: { nofile: { soft: 1, hard: 2000 } } }), /ulimits.nofile/);
    assert.throws(() => build({ ulimits: { nonsense: { soft: 1, hard: 1 } } }), /unknown limit nonsense/);
    assert.throws(
      () => build({ devices: [{ source: '/dev/nonsense', target: '/dev/x', permissions: 'r' }] }),
      /does not exist/,
    );
  });

  it('maps a device with its permissions', () => {
    const { devices, resources: limits } = build({
      devices: [{ source: '/dev/zero', target: '/dev/mine', permissions: 'r' }],
    }).linux;
    assert.deepEqual(
      devices.map(({ path, type, major, minor }) => ({ path, type, major, minor })),
      [{ path: '/dev/mine', type: 'c', major: 1, minor: 5 }],
    );
    assert.deepEqual(limits.devices.at(-1), { allow: true, type: 'c', major: 1, minor: 5, access: 'r' });
  });

  it('orders mounts by depth and lets the file replace ours', () => {
    const bind = { type: 'bind', readOnly: false, propagation: null, below: 'as-is', mapIds: false } as const;
    const spec = build(
      {},
      {
        mounts: [
          { ...bind, source: '/s/b', target: '/data/inner/' },
          { ...bind, source: '/s/a', target: '/data' },
          { ...bind, source: '/s/hosts', target: '/etc/hosts' },
          { ...bind, source: '/s/etc', target: '/etc' },
          { type: 'tmpfs', target: '/dev/shm', sizeBytes: 9, mode: 0o700, options: ['exec'] },
        ],
      },
    );
    const destinations = spec.mounts.map(({ destination }) => destination);
    assert.ok(destinations.indexOf('/data') < destinations.indexOf('/data/inner'));
    assert.ok(destinations.indexOf('/etc') < destinations.indexOf('/etc/resolv.conf'));
    assert.equal(new Set(destinations).size, destinations.length);
    assert.equal(mountAt(spec, '/etc/hosts')?.source, '/s/hosts');
    assert.deepEqual(mountAt(spec, '/dev/shm')?.options, ['nosuid', 'nodev', 'noexec', 'size=9', 'mode=700', 'exec']);
  });

  it('joins the user namespace with its ids, and maps those of volumes alone', () => {
    const bind = { type: 'bind', readOnly: false, propagation: null, below: 'as-is' } as const;
    const spec = build(
      {},
      {
        users: { path: '/r/netns.user', range: { first: 5000, count: 10 } },
        mounts: [
          { ...bind, source: '/s/volume', target: '/volume', mapIds: true },
          { ...bind, source: '/s/bind', target: '/bind', mapIds: false },
        ],
      },
    );
    const mappings = [{ containerID: 0, hostID: 5000, size: 10 }];
    assert.deepEqual([spec.linux.uidMappings, spec.linux.gidMappings], [mappings, mappings]);
    assert.deepEqual(spec.linux.namespaces.at(-1), { type: 'user', path: '/r/netns.user' });
    assert.deepEqual(mountAt(spec, '/volume')?.options, ['rbind', 'rw', 'rprivate', 'idmap']);
    assert.deepEqual(mountAt(spec, '/bind')?.options, ['rbind', 'rw', 'rprivate']);
    const without = build().linux;
    assert.equal(without.uidMappings, undefined);
    assert.ok(!without.namespaces.some(({ type }) => type === 'user'));
  });

  it('opens the root for mounts that propagate', () => {
    const mount = { type: 'bind', source: '/s', target: '/t', readOnly: false, below: 'as-is', mapIds: false } as const;
    assert.equal(build({}, { mounts: [{ ...mount, propagation: 'rshared' }] }).linux.rootfsPropagation, 'shared');
    assert.equal(build({}, { mounts: [{ ...mount, propagation: null }] }).linux.rootfsPropagation, undefined);
  });
});

describe('built-in seccomp profile', () => {
  const context = { capabilities: [] as readonly string[], architecture: 'x64', kernel: '6.1.0' };

  it('forbids new namespaces and hides clone3 without CAP_SYS_ADMIN', () => {
    const { syscalls } = buildDefaultSeccomp(context);
    assert.ok(!syscalls[0]?.names.includes('unshare'));
    assert.deepEqual(
      syscalls.find(({ names }) => names.includes('clone3')),
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    );
    const clone = syscalls.find(({ names }) => names.length === 1 && names[0] === 'clone');
    assert.deepEqual(clone?.args, [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }]);
  });

  it('allows them with CAP_SYS_ADMIN', () => {
    const { syscalls } = buildDefaultSeccomp({ ...context, capabilities: ['CAP_SYS_ADMIN'] });
    assert.ok(syscalls[0]?.names.includes('unshare') && syscalls[0].names.includes('clone3'));
    assert.equal(syscalls.filter(({ names }) => names.includes('clone3')).length, 1);
  });

  it('blocks the address families 38 and 40 only', () => {
    const rules = buildDefaultSeccomp(context).syscalls.filter(({ names }) => names.includes('socket'));
    assert.deepEqual(
      rules.map(({ args }) => [args?.[0]?.op, args?.[0]?.value]),
      [
        ['SCMP_CMP_LT', 38],
        ['SCMP_CMP_EQ', 39],
        ['SCMP_CMP_GT', 40],
      ],
    );
  });
});
