import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';
import type { ProgramResult } from '../support/run-program.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every member that the box reads, with values that it takes at least while it reads. */
const completeSpec: { [key: string]: Json } = {
  ociVersion: '1.2.0',
  hostname: 'box',
  domainname: 'example',
  annotations: { 'org.example.key': 'value' },
  root: { path: 'rootfs', readonly: true },
  process: {
    terminal: false,
    consoleSize: { height: 24, width: 80 },
    cwd: '/',
    env: ['PATH=/bin'],
    args: ['true'],
    user: { uid: 0, gid: 0, umask: 18, additionalGids: [5] },
    capabilities: {
      bounding: ['CAP_KILL'],
      effective: ['CAP_KILL'],
      inheritable: ['CAP_KILL'],
      permitted: ['CAP_KILL'],
      ambient: ['CAP_KILL'],
    },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 64, hard: 64 }],
    noNewPrivileges: true,
    apparmorProfile: '',
    selinuxLabel: '',
    oomScoreAdj: 10,
    scheduler: { policy: 'SCHED_DEADLINE', nice: 0, priority: 0, flags: [], runtime: 1, deadline: 2, period: 3 },
    ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 4 },
    execCPUAffinity: { initial: '0', final: '0' },
  },
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid'] }],
  hooks: { poststop: [{ path: '/bin/true', args: ['true'], env: ['A=b'], timeout: 5 }] },
  linux: {
    namespaces: [{ type: 'mount', path: '' }, ...['uts', 'pid', 'network', 'user', 'time'].map((type) => ({ type }))],
    uidMappings: [{ containerID: 0, hostID: 100_000, size: 10 }],
    gidMappings: [{ containerID: 0, hostID: 100_000, size: 10 }],
    timeOffsets: { monotonic: { secs: 1, nanosecs: 1 } },
    devices: [{ path: '/dev/x', type: 'c', major: 1, minor: 3, fileMode: 420, uid: 0, gid: 0 }],
    cgroupsPath: 'bad-input',
    rootfsPropagation: 'private',
    mountLabel: '',
    sysctl: { 'net.ipv4.ip_forward': '1' },
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
    personality: { domain: 'LINUX', flags: [] },
    seccomp: {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
      architectures: ['SCMP_ARCH_X86_64'],
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      syscalls: [
        {
          names: ['mkdir'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 1,
          args: [{ index: 0, value: 1, valueTwo: 1, op: 'SCMP_CMP_EQ' }],
        },
      ],
    },
    resources: {
      devices: [{ allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' }],
      memory: {
        limit: 100_000_000,
        reservation: 1,
        swap: 100_000_000,
        kernel: 0,
        kernelTCP: 0,
        disableOOMKiller: false,
        checkBeforeUpdate: false,
      },
      cpu: {
        shares: 1024,
        quota: 5000,
        period: 10_000,
        burst: 10,
        realtimeRuntime: 0,
        realtimePeriod: 0,
        cpus: '0',
        mems: '0',
        idle: 0,
      },
      pids: { limit: 100 },
      blockIO: {
        weight: 100,
        leafWeight: 100,
        weightDevice: [{ major: 8, minor: 0, weight: 100, leafWeight: 100 }],
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }],
      },
      hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
    },
  },
};

/** Every place in VALUE, with the path that messages give it and a way to put something else there. */
function* places(value: Json, path = ''): Generator<{ path: string; old: Json; put: (wrong: Json) => void }> {
  if (Array.isArray(value)) {
    for (const [index, old] of value.entries()) {
      const at = `${path}[${String(index)}]`;
      yield { path: at, old, put: (wrong) => void (value[index] = wrong) };
      yield* places(old, at);
    }
  } else if (value !== null && typeof value === 'object') {
    for (const [key, old] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      yield { path: at, old, put: (wrong) => void (value[key] = wrong) };
      yield* places(old, at);
    }
  }
}

/** The first two words of a path: linux.resources, mounts. */
const sectionOf = (path: string): string =>
  path
    .replaceAll(/\[\d+\]/g, '')
    .split('.')
    .slice(0, 2)
    .join('.');

/** Something of another type than OLD. */
function wrongFor(old: Json): readonly Json[] {
  if (typeof old === 'number') return ['7', 1.5];
  if (typeof old === 'string') return [7, {}];
  if (typeof old === 'boolean') return ['true', 1];
  return Array.isArray(old) ? ['x', {}] : [7, []];
}

describe('tsstack-box with bad input', () => {
  let lab: BoxLab;
  let present: readonly string[];

  before(() => {
    lab = new BoxLab();
  });

  after(async () => {
    await lab.dispose();
  });

  /** Everything that a container could leave on the host. */
  function leftovers(): readonly string[] {
    const processes = globSync('/proc/[0-9]*/cmdline').filter((path) => {
      try {
        return readFileSync(path, 'utf8').includes(lab.directory);
      } catch {
        return false;
      }
    });
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const cgroups = globSync('/sys/fs/cgroup/**/bad-input*');
    return [...processes, ...mounts, ...cgroups, ...lab.leftCgroups(), ...lab.leftRecords()];
  }

  beforeEach(() => {
    present = leftovers();
  });

  afterEach('leaves no mount, cgroup, process or record', () => {
    assert.deepEqual(leftovers(), present);
  });

  async function refused(result: Promise<ProgramResult>, expected: RegExp): Promise<void> {
    const { code, stdout, stderr } = await result;
    assert.equal(code, 1, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, expected);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }

  /** Runs a bundle whose config.json is this text. */
  function runText(text: string | Buffer): Promise<ProgramResult> {
    const bundle = lab.bundle('');
    writeFileSync(join(bundle, 'config.json'), text);
    return lab.box('run', '--bundle', bundle, lab.newId());
  }

  describe('that is no JSON of ours', () => {
    const minimal = '"ociVersion":"1.2.0","process":{"args":["true"]},"linux":{"namespaces":[{"type":"mount"}]}';
    const cases: readonly [string, string | Buffer, RegExp][] = [
      ['nothing', '', /config\.json:1:0: /],
      ['a broken line', '{\n"process": nothing}', /config\.json:2:\d+: /],
      ['half a document', `{${minimal}`, /config\.json:1:\d+: /],
      ['two documents', `{${minimal}}{}`, /config\.json:1:\d+: end of file expected/],
      ['a list', '[]', /the spec is no JSON object/],
      ['a number', '7', /config\.json:1:\d+: |the spec is no JSON object/],
      ['a key twice', `{${minimal},"root":{"path":"a","path":"b"}}`, /config\.json:1:\d+: duplicate object key/],
      ['lists in lists', '['.repeat(100_000), /config\.json:1:\d+: maximum parsing depth reached/],
      ['objects in objects', '{"a":'.repeat(100_000), /config\.json:1:\d+: maximum parsing depth reached/],
      ['a number too large', `{${minimal},"x":99999999999999999999}`, /config\.json:1:\d+: too big integer/],
      ['a number far too large', `{${minimal},"x":1e999}`, /config\.json:1:\d+: real number overflow/],
      ['a zero byte behind the document', `{${minimal}}\0`, /config\.json: has a zero byte at offset \d+/],
      ['a zero byte in a string', `{${minimal},"hostname":"a\\u0000b"}`, /config\.json:1:\d+: \\u0000 is not allowed/],
      [
        'no UTF-8',
        Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
        /config\.json:1:\d+: unable to decode byte/,
      ],
      ['a file larger than any spec', Buffer.alloc((16 << 20) + 4096, ' '), /read .*config\.json: File too large/],
    ];
    for (const [name, text, expected] of cases) {
      it(`${name}: is refused with its place`, () => refused(runText(text), expected));
    }

    it('a directory in place of the file: is refused', async () => {
      const bundle = lab.bundle('');
      rmSync(join(bundle, 'config.json'));
      mkdirSync(join(bundle, 'config.json'));
      await refused(lab.box('run', '--bundle', bundle, lab.newId()), /read .*config\.json: Is a directory/);
    });

    it('a pipe that nobody writes to: is refused, not waited for', async () => {
      const bundle = lab.bundle('');
      rmSync(join(bundle, 'config.json'));
      execFileSync('mkfifo', [join(bundle, 'config.json')]);
      await refused(lab.box('run', '--bundle', bundle, lab.newId()), /config\.json:1:0: .*end of file/);
    });

    it('no file: is refused', async () => {
      const bundle = lab.bundle('');
      rmSync(join(bundle, 'config.json'));
      await refused(lab.box('run', '--bundle', bundle, lab.newId()), /open .*config\.json: No such file/);
    });
  });

  describe('of the wrong type', () => {
    const sections = [...new Set([...places(completeSpec)].map(({ path }) => sectionOf(path)))];
    for (const section of sections) {
      it(`${section}: every member is refused by its name`, async () => {
        const spec = structuredClone(completeSpec);
        const all = [...places(spec)].filter(({ path }) => sectionOf(path) === section);
        for (const { path, old, put } of all) {
          for (const wrong of wrongFor(old)) {
            put(wrong);
            const { code, stderr } = await runText(JSON.stringify(spec));
            assert.equal(code, 1, `${path} = ${JSON.stringify(wrong)}: ${stderr}`);
            assert.ok(stderr.includes(path), `${path} = ${JSON.stringify(wrong)}: ${stderr}`);
          }
          put(old);
        }
      });
    }
  });

  describe('that contradicts itself or the host', () => {
    const without = (spec: BoxSpec, type: string): void => {
      spec.linux.namespaces = spec.linux.namespaces.filter((namespace) => namespace.type !== type);
    };
    const cases: readonly [string, RegExp, (spec: BoxSpec) => void][] = [
      ['no version', /ociVersion: expected a string/, (spec) => void (spec['ociVersion'] = null)],
      ['a later version', /ociVersion: 2\.0\.0 is not supported/, (spec) => void (spec['ociVersion'] = '2.0.0')],
      ['no process', /process: expected an object/, (spec) => void Reflect.deleteProperty(spec, 'process')],
      ['no arguments', /process\.args: expected at least one/, (spec) => void (spec.process.args = [])],
      ['a relative cwd', /process\.cwd: etc is not absolute/, (spec) => void (spec.process.cwd = 'etc')],
      [
        'a cwd that is a file',
        /process\.cwd: enter \/bin\/sh: Not a dir/,
        (spec) => void (spec.process.cwd = '/bin/sh'),
      ],
      ['no root', /root\.path: expected a string/, (spec) => void Reflect.deleteProperty(spec, 'root')],
      ['a root that is not there', /root\.path: open nowhere: No such/, (spec) => void (spec.root.path = 'nowhere')],
      [
        'a root that is a file',
        /root\.path: open config\.json: Not a/,
        (spec) => void (spec.root.path = 'config.json'),
      ],
      ['no mount namespace', /linux\.namespaces: a mount namespace/, (spec) => without(spec, 'mount')],
      [
        'an unknown namespace',
        /linux\.namespaces\[6\]\.type/,
        (spec) => void spec.linux.namespaces.push({ type: 'x' }),
      ],
      [
        'a namespace twice',
        /linux\.namespaces\[6\]: .*twice/,
        (spec) => void spec.linux.namespaces.push({ type: 'pid' }),
      ],
      ['a namespace that is not there', /linux\.namespaces.*\/no\/such/, joining('/no/such')],
      [
        'a namespace of another kind',
        /linux\.namespaces.*\/proc\/self\/ns\/net: Invalid argument/,
        joining('/proc/self/ns/net'),
      ],
      [
        'a pipe for a namespace',
        /linux\.namespaces.*pipe: Invalid argument/,
        (spec) => {
          const pipe = join(lab.directory, 'pipe');
          execFileSync('mkfifo', [pipe]);
          joining(pipe)(spec);
        },
      ],
      [
        'a host name for the host',
        /hostname: needs a uts namespace/,
        (spec) => {
          without(spec, 'uts');
        },
      ],
      [
        'a host name of 100 letters',
        /hostname: set to x+: Invalid/,
        (spec) => void (spec['hostname'] = 'x'.repeat(100)),
      ],
      [
        'a sysctl of the host',
        /linux\.sysctl\.kernel\.panic: would change the host/,
        (spec) => void (spec.linux['sysctl'] = { 'kernel.panic': '1' }),
      ],
      [
        'a sysctl of a shared namespace',
        /linux\.sysctl\.net\.core\.somaxconn: the container shares/,
        (spec) => {
          without(spec, 'network');
          spec.linux['sysctl'] = { 'net.core.somaxconn': '1' };
        },
      ],
      [
        'a sysctl that is not there',
        /linux\.sysctl\.net\.no\.such: set to 1: No such/,
        (spec) => void (spec.linux['sysctl'] = { 'net.no.such': '1' }),
      ],
      [
        'a relative masked path',
        /linux\.maskedPaths\[0\]: proc is/,
        (spec) => void (spec.linux.maskedPaths = ['proc']),
      ],
      ['a relative read-only path', /linux\.readonlyPaths\[0\]: x/, (spec) => void (spec.linux.readonlyPaths = ['x'])],
      ['an unknown propagation', /linux\.rootfsPropagation/, (spec) => void (spec.linux['rootfsPropagation'] = 'loud')],
      ['a cgroup outside', /linux\.cgroupsPath: \.\.\/x leads/, (spec) => void (spec.linux['cgroupsPath'] = '../x')],
      ['a cgroup without name', /linux\.cgroupsPath: names/, (spec) => void (spec.linux['cgroupsPath'] = '///')],
      ['a cgroup of two lines', /linux\.cgroupsPath: has a line/, (spec) => void (spec.linux['cgroupsPath'] = 'a\nb')],
      [
        'a cgroup that is a file',
        /linux\.cgroupsPath: look into .*: Not a directory/,
        (spec) => void (spec.linux['cgroupsPath'] = '/cgroup.procs'),
      ],
      [
        'a cgroup below a file',
        /linux\.cgroupsPath: make .*: Not a directory/,
        (spec) => void (spec.linux['cgroupsPath'] = '/cgroup.procs/x'),
      ],
      [
        'a masked root',
        /linux\.maskedPaths: mask \/proc\/\.\.: that/,
        (spec) => void (spec.linux.maskedPaths = ['/proc/..']),
      ],
      ['memory for nothing', /linux\.resources\.memory\.limit: set the container up/, memory({ limit: 1 })],
      ['less swap than memory', /linux\.resources\.memory\.swap/, memory({ limit: 1 << 24, swap: 1 << 20 })],
      ['memory below nothing', /linux\.resources\.memory\.limit: expected -1 or more/, memory({ limit: -5 })],
      ['swappiness beyond all', /linux\.resources\.memory\.swappiness: expected 0 to 100/, memory({ swappiness: 101 })],
      [
        'a burst beyond the quota',
        /linux\.resources\.cpu\.burst: is more/,
        (spec) => void (spec.linux.resources = { cpu: { quota: 1000, burst: 2000 } }),
      ],
      [
        'a terminal without devpts',
        /process\.terminal: open a terminal: No such file/,
        (spec) => {
          spec.process.terminal = true;
          spec.mounts = spec.mounts.filter((mount) => mount.type !== 'devpts');
        },
      ],
      [
        'a device where something else is',
        /linux\.devices\[0\]: make the device \/bin\/sh: File exists/,
        (spec) => void (spec.linux['devices'] = [{ path: '/bin/sh', type: 'c', major: 1, minor: 3 }]),
      ],
      [
        'a device without number',
        /linux\.devices\[0\]\.major: expected/,
        (spec) => void (spec.linux['devices'] = [{ path: '/dev/x', type: 'b' }]),
      ],
      ['maps without user namespace', /linux\.uidMappings/, (spec) => maps(spec, 10)],
      [
        'a map of nothing',
        /linux\.uidMappings\[0\]\.size/,
        (spec) => {
          spec.linux.namespaces.push({ type: 'user' });
          maps(spec, 0);
        },
      ],
      [
        'a section that is not supported',
        /linux\.intelRdt: not supported/,
        (spec) => void (spec.linux['intelRdt'] = { closID: 'x' }),
      ],
      [
        'an environment that does not fit',
        /exec "\/bin\/sh": Argument list too long/,
        (spec) => void spec.process.env.push(`A=${'x'.repeat(8 << 20)}`),
      ],
    ];
    for (const [name, expected, change] of cases) {
      it(`${name}: is refused by its name`, async () => {
        const { code, stderr } = await lab.run('true', change);
        assert.ok(code === 1 || code === 126, stderr);
        assert.match(stderr, expected);
      });
    }
  });

  it('refuses a whole container as readily with many mounts, and lets go of them', async () => {
    const many = (count: number) => (spec: BoxSpec) => {
      for (let index = 0; index < count; index++)
        spec.mounts.push({ destination: `/m/${String(index)}`, type: 'tmpfs' });
    };
    assert.equal((await lab.run('true', many(300))).code, 0);
    const broken = await lab.run('true', (spec) => {
      many(300)(spec);
      spec.mounts.push({ destination: '/x', type: 'nofs' });
    });
    assert.match(broken.stderr, /mounts\[305\]: mount nofs on \/x/);
  });

  it('is told apart by exec too, which leaves the container as it is', async () => {
    const id = await lab.start('sleep 1000');
    const path = join(lab.directory, 'process.json');
    for (const [text, expected] of [
      ['{"args":["true"],"cwd":"x"}', /process\.cwd: x is not absolute/],
      ['{"args":["true"],"user":{"uid":"root"}}', /process\.user\.uid: expected a whole number/],
      ['{"args":"true"}', /process\.args: expected an array/],
      ['[', /process\.json:1:/],
    ] as const) {
      writeFileSync(path, text);
      await refused(lab.box('exec', '--process', path, id), expected);
    }
    assert.equal((await lab.box('exec', id, 'true')).code, 0);
    assert.equal((await lab.box('delete', '--force', id)).code, 0);
  });
});

function memory(settings: Record<string, number>): (spec: BoxSpec) => void {
  return (spec) => void (spec.linux.resources = { memory: settings });
}

function joining(path: string): (spec: BoxSpec) => void {
  return (spec) =>
    void spec.linux.namespaces.splice(0, Infinity, { type: 'mount' }, { type: 'uts' }, { type: 'ipc', path });
}

function maps(spec: BoxSpec, size: number): void {
  const list = [{ containerID: 0, hostID: 100_000, size }];
  spec.linux['uidMappings'] = list;
  spec.linux['gidMappings'] = list;
}
