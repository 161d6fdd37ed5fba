import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';
import type { ProgramResult } from '../support/run-program.ts';
import { dividesRealtime, hardlyAnyRealtime, spendRealtime } from '../support/spend-realtime.ts';
import { until } from '../support/test-host.ts';

type Resources = Record<string, unknown>;

const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
const mebibyte = 1 << 20;

/** Calls USE with a block device of this host, or with one that is made of a file. */
async function withBlockDevice(
  scratch: string,
  use: (device: { major: number; minor: number }) => Promise<void>,
): Promise<void> {
  const present = readFileSync('/proc/partitions', 'utf8').trim().split('\n')[2]?.match(/\S+$/)?.[0];
  if (present !== undefined) return use(deviceNumber(present));
  const file = join(scratch, 'disk');
  writeFileSync(file, '');
  truncateSync(file, mebibyte);
  const loop = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
  try {
    await use(deviceNumber(basename(loop)));
  } finally {
    execFileSync('losetup', ['--detach', loop]);
  }
}

function deviceNumber(name: string): { major: number; minor: number } {
  const [major = 0, minor = 0] = readFileSync(`/sys/class/block/${name}/dev`, 'utf8').split(':').map(Number);
  return { major, minor };
}

/** Directory of the cgroup of PID for a controller. */
function cgroupOf(pid: number, controller: string): string {
  const lines = readFileSync(`/proc/${String(pid)}/cgroup`, 'utf8')
    .trim()
    .split('\n');
  for (const line of lines) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (isUnified && controllers === '') return join('/sys/fs/cgroup', path);
    if (!isUnified && controllers.split(',').includes(controller)) return join('/sys/fs/cgroup', controllers, path);
  }
  throw new Error(`process ${String(pid)} has no cgroup of ${controller}`);
}

describe('tsstack-box resources', () => {
  let lab: BoxLab;

  before(() => {
    lab = new BoxLab();
  });

  after(async () => {
    await lab.dispose();
  });

  const using = (resources: Resources) => (spec: BoxSpec) => void (spec.linux.resources = resources);

  /** Files of the cgroup of a container with RESOURCES, then changed to LATER by `update`. */
  async function files(
    controller: string,
    names: readonly string[],
    resources: Resources,
    later?: Resources,
  ): Promise<readonly string[]> {
    const id = await lab.start('sleep 1000', using(resources));
    try {
      if (later !== undefined) assert.equal((await lab.update(id, later)).code, 0);
      const { pid } = JSON.parse((await lab.box('state', id)).stdout) as { pid: number };
      const directory = cgroupOf(pid, controller);
      return names.map((name) => readFileSync(join(directory, name), 'utf8').trim());
    } finally {
      await lab.box('delete', '--force', id);
    }
  }

  /** The name that a setting has in each version. */
  const file = (v1: string, v2: string): string => (isUnified ? v2 : v1);

  describe('memory', () => {
    const limit = file('memory.limit_in_bytes', 'memory.max');
    const reservation = file('memory.soft_limit_in_bytes', 'memory.low');

    it('limit and reservation are set, changed and lifted', async () => {
      const given = { memory: { limit: 64 * mebibyte, reservation: 32 * mebibyte } };
      assert.deepEqual(await files('memory', [limit, reservation], given), [
        String(64 * mebibyte),
        String(32 * mebibyte),
      ]);
      const changed = await files('memory', [limit, reservation], given, { memory: { limit: 128 * mebibyte } });
      assert.deepEqual(changed, [String(128 * mebibyte), String(32 * mebibyte)]);
      const [unlimited] = await files('memory', [limit], given, { memory: { limit: -1 } });
      assert.ok(unlimited === 'max' || Number(unlimited) > 2 ** 60);
      const swapToo = { memory: { limit: 64 * mebibyte, swap: 64 * mebibyte } };
      assert.deepEqual(await files('memory', [limit], swapToo, { memory: { limit: -1 } }), [unlimited]);
      const [untouched] = await files('memory', [limit], {});
      assert.equal(untouched, unlimited);
    });

    it('what kernels no longer limit is a warning', async () => {
      const result = await lab.run('true', using({ memory: { kernel: mebibyte, kernelTCP: mebibyte } }));
      assert.equal(result.code, 0, result.stderr);
      if (isUnified || !existsSync('/sys/fs/cgroup/memory/memory.kmem.limit_in_bytes'))
        assert.match(result.stderr, /warning: linux\.resources\.memory\.kernel: has no effect/);
    });

    it('a limit below what is in use is refused when asked to check', async () => {
      const script = 'x=$(busybox head -c 20000000 /dev/zero | busybox tr "\\0" x); echo > /full; sleep 1000; :';
      const bundle = lab.bundle(script);
      const full = join(bundle, 'rootfs/full');
      execFileSync('mkfifo', [full]);
      const id = lab.newId();
      await lab.quiet('run', '--detach', '--bundle', bundle, id);
      // Opening the fifo ends when the container has written into it.
      await readFile(full);
      const refused = await lab.update(id, { memory: { limit: 4 * mebibyte, checkBeforeUpdate: true } });
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /linux\.resources\.memory\.limit: 4194304 is less than the \d+ bytes that are in use/,
      );
      assert.equal((JSON.parse((await lab.box('state', id)).stdout) as { status: string }).status, 'running');
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    if (!isUnified) {
      it('that is used up without a kill keeps others waiting for no process that could not begin', async () => {
        const id = await lab.start('x=$(busybox head -c 60000000 /dev/zero | busybox tr "\\0" x)', (spec) => {
          spec.linux.resources = { memory: { limit: 20 * mebibyte, disableOOMKiller: true } };
        });
        const { pid } = JSON.parse((await lab.box('state', id)).stdout) as { pid: number };
        const control = join(cgroupOf(pid, 'memory'), 'memory.oom_control');
        await until(
          () => readFile(control, 'utf8'),
          (text) => text.includes('under_oom 1'),
        );
        const refused = await lab.box('exec', id, 'true');
        assert.match(refused.stderr, /linux\.resources\.memory\.limit: the container has used it up/);
        assert.equal((await lab.box('delete', '--force', id)).code, 0);
        const tooSmall = await lab.run('true', using({ memory: { limit: 1, disableOOMKiller: true } }));
        assert.match(tooSmall.stderr, /linux\.resources\.memory\.limit: the container has used it up/);
      });

      it('swappiness and the OOM killer are set', async () => {
        const names = ['memory.swappiness', 'memory.oom_control'];
        const [swappiness, control = ''] = await files('memory', names, {
          memory: { limit: 64 * mebibyte, swappiness: 7, disableOOMKiller: true },
        });
        assert.equal(swappiness, '7');
        assert.match(control, /oom_kill_disable 1/);
        const [, enabled = ''] = await files('memory', names, { memory: { disableOOMKiller: false } });
        assert.match(enabled, /oom_kill_disable 0/);
      });
    }
  });

  describe('cpu', () => {
    it('shares become the weight of the version', async () => {
      const shares = file('cpu.shares', 'cpu.weight');
      assert.deepEqual(await files('cpu', [shares], { cpu: { shares: 512 } }), [file('512', '20')]);
      assert.deepEqual(await files('cpu', [shares], {}), [file('1024', '100')]);
    });

    it('quota, period and burst are set and changed', async () => {
      const given = { cpu: { quota: 20_000, period: 50_000, burst: 10_000 } };
      const names = isUnified
        ? ['cpu.max', 'cpu.max.burst']
        : ['cpu.cfs_quota_us', 'cpu.cfs_period_us', 'cpu.cfs_burst_us'];
      const expected = isUnified ? ['20000 50000', '10000'] : ['20000', '50000', '10000'];
      assert.deepEqual(await files('cpu', names, given), expected);
      const [changed] = await files('cpu', names, given, { cpu: { quota: 30_000 } });
      assert.equal(changed, file('30000', '30000 50000'));
      assert.equal((await files('cpu', names, given, { cpu: { burst: 0 } })).at(-1), '0');
    });

    it('idle makes it run when nobody else wants to', async () => {
      assert.deepEqual(await files('cpu', ['cpu.idle'], { cpu: { idle: 1 } }), ['1']);
      assert.deepEqual(await files('cpu', ['cpu.idle'], {}), ['0']);
    });

    it('cpus and mems bind it', async () => {
      assert.deepEqual(await files('cpuset', ['cpuset.cpus', 'cpuset.mems'], { cpu: { cpus: '1', mems: '0' } }), [
        '1',
        '0',
      ]);
    });

    it('refuses CPUs that are not there, leaving nothing', async () => {
      const result = await lab.run('true', using({ cpu: { cpus: '5000' } }));
      assert.equal(result.code, 1);
      assert.match(result.stderr, /linux\.resources\.cpu\.cpus: write 5000 into cpuset\.cpus/);
    });
  });

  describe('a killed container whose time is up', () => {
    const pidOf = async (id: string): Promise<number> =>
      (JSON.parse((await lab.box('state', id)).stdout) as { pid: number }).pid;

    if (dividesRealtime) {
      for (const [title, command, ...more] of [
        ['deleted by force', ['delete', '--force']],
        ['all of whose processes are killed', ['kill', '--all'], 'KILL'],
        ['whose first process is killed', ['kill'], 'KILL'],
      ] as const) {
        it(`ends all the same: one in realtime, ${title}`, async () => {
          const id = await lab.start('while :; do :; done', using(hardlyAnyRealtime));
          await spendRealtime(await pidOf(id));
          assert.deepEqual(await lab.box(...command, id, ...more), { code: 0, stdout: '', stderr: '' });
          if (command[0] === 'delete') return;
          await until(
            async () => (await lab.box('state', id)).stdout,
            (text) => text.includes('"stopped"'),
          );
          assert.equal((await lab.box('delete', id)).code, 0);
        });
      }
    }

    // Until Linux 6.17 or so the kernel holds up a dying process too, for the time in which it gives back its memory.
    it('ends all the same: one with much memory and a thousandth of a processor', async () => {
      const holds = '(head -c 64m /dev/zero; sleep 1000) | busybox tail -c 64m & wait';
      const id = await lab.start(holds);
      const used = join(cgroupOf(await pidOf(id), 'memory'), file('memory.usage_in_bytes', 'memory.current'));
      await until(
        () => readFile(used, 'utf8'),
        (text) => Number(text) > 64 * mebibyte,
      );
      assert.equal((await lab.update(id, { cpu: { quota: 1000, period: 1_000_000 } })).code, 0);
      assert.deepEqual(await lab.box('delete', '--force', id), { code: 0, stdout: '', stderr: '' });
    });
  });

  describe('pids and block I/O', () => {
    it('limits the number of processes, 0 and -1 meaning any', async () => {
      assert.deepEqual(await files('pids', ['pids.max'], { pids: { limit: 5 } }), ['5']);
      assert.deepEqual(await files('pids', ['pids.max'], { pids: { limit: 0 } }), ['max']);
      assert.deepEqual(await files('pids', ['pids.max'], { pids: { limit: 5 } }, { pids: { limit: -1 } }), ['max']);
    });

    it('throttles a device in all four ways', () =>
      withBlockDevice(lab.directory, async (device) => {
        const entry = (rate: number): unknown[] => [{ ...device, rate }];
        const blockIO = {
          throttleReadBpsDevice: entry(1_000_000),
          throttleWriteBpsDevice: entry(2_000_000),
          throttleReadIOPSDevice: entry(300),
          throttleWriteIOPSDevice: entry(400),
        };
        const number = `${String(device.major)}:${String(device.minor)}`;
        if (isUnified) {
          const [maximum] = await files('io', ['io.max'], { blockIO });
          assert.equal(maximum, `${number} rbps=1000000 wbps=2000000 riops=300 wiops=400`);
          return;
        }
        const names = ['read_bps', 'write_bps', 'read_iops', 'write_iops'].map(
          (name) => `blkio.throttle.${name}_device`,
        );
        const expected = ['1000000', '2000000', '300', '400'].map((rate) => `${number} ${rate}`);
        assert.deepEqual(await files('blkio', names, { blockIO }), expected);
      }));

    it('weights that no scheduler of this host knows are a warning', async () => {
      const result = await lab.run('true', using({ blockIO: { weight: 500, leafWeight: 500 } }));
      assert.equal(result.code, 0, result.stderr);
      assert.match(result.stderr, /warning: linux\.resources\.blockIO\.leafWeight: has no effect/);
    });
  });

  describe('the cgroup', () => {
    const named = (name: string) => (spec: BoxSpec) => void (spec.linux['cgroupsPath'] = name);

    it('of somebody else is refused, and its processes live on', async () => {
      const name = `shared-${lab.newId()}`;
      const id = await lab.start('sleep 1000', named(name));
      const second = await lab.run('true', named(name));
      assert.match(second.stderr, /linux\.cgroupsPath: there are processes in \/sys\/fs\/cgroup.* already/);
      assert.equal((JSON.parse((await lab.box('state', id)).stdout) as { status: string }).status, 'running');
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('goes whole, however deep it has others below', async () => {
      const id = await lab.start('sleep 1000');
      const { pid } = JSON.parse((await lab.box('state', id)).stdout) as { pid: number };
      mkdirSync(join(cgroupOf(pid, 'pids'), 'x/'.repeat(100)), { recursive: true });
      const deleted = await lab.boxUnder(['prlimit', '--nofile=40', '--'], 'delete', '--force', id);
      assert.deepEqual(deleted, { code: 0, stdout: '', stderr: '' });
      assert.deepEqual(lab.leftCgroups(), []);
    });
  });

  describe('what this host has no controller for', () => {
    const cases: readonly [string, Resources, RegExp, boolean][] = [
      [
        'huge pages',
        { hugepageLimits: [{ pageSize: '2MB', limit: 0 }] },
        /linux\.resources\.hugepageLimits: .*hugetlb/,
        isUnified || existsSync('/sys/fs/cgroup/hugetlb'),
      ],
      [
        'rdma',
        { rdma: { mlx5_0: { hcaHandles: 1 } } },
        /linux\.resources\.rdma: .*rdma/,
        existsSync('/sys/fs/cgroup/rdma'),
      ],
      [
        'classes of packets',
        { network: { classID: 5 } },
        isUnified ? /linux\.resources\.network: the unified/ : /linux\.resources\.network\.classID: .*net_cls/,
        existsSync('/sys/fs/cgroup/net_cls'),
      ],
      [
        'files of the unified hierarchy',
        { unified: { 'memory.high': '1000000000' } },
        /linux\.resources\.unified: this host has no unified/,
        isUnified,
      ],
    ];
    for (const [name, resources, expected, present] of cases) {
      it(`${name}: is ${present ? 'used' : 'an error that names the field'}, and nothing is left`, async () => {
        const result = await lab.run('true', using(resources));
        if (present) return assert.equal(result.code, 0, result.stderr);
        assert.equal(result.code, 1);
        assert.match(result.stderr, expected);
      });
    }
  });

  describe('on a host without cgroups', () => {
    const without = ['unshare', '--mount', 'sh', '-c', 'umount -R /sys/fs/cgroup; exec "$@"', 'sh'];
    const run = (resources: Resources): Promise<ProgramResult> => {
      const bundle = lab.bundle('echo ran', (spec) => {
        spec.mounts = spec.mounts.filter(({ type }) => type !== 'cgroup');
        spec.linux.resources = resources;
      });
      return lab.boxUnder(without, 'run', '--bundle', bundle, lab.newId());
    };

    it('limits that are asked for are refused, and that devices have none is said', async () => {
      const { stdout, stderr } = await run({});
      assert.equal(stdout, 'ran\n');
      assert.match(stderr, /warning: linux\.resources\.devices: .*this host has no cgroups mounted/);
      const asked = await run({ devices: [{ allow: false, access: 'rwm' }] });
      assert.match(asked.stderr, /linux\.resources\.devices: this host has no cgroups mounted/);
      assert.deepEqual([asked.code, asked.stdout], [1, '']);
      assert.match(
        (await run({ pids: { limit: 4 } })).stderr,
        /linux\.resources\.pids\.limit: this host has no cgroups/,
      );
    });
  });

  describe('update', () => {
    it('takes options, a file and standard input', async () => {
      const id = await lab.start('sleep 1000');
      const { pid } = JSON.parse((await lab.box('state', id)).stdout) as { pid: number };
      const limit = (): string => readFileSync(join(cgroupOf(pid, 'pids'), 'pids.max'), 'utf8').trim();
      assert.equal((await lab.box('update', '--pids-limit', '11', id)).code, 0);
      assert.equal(limit(), '11');
      assert.equal((await lab.update(id, { pids: { limit: 12 } })).code, 0);
      assert.equal(limit(), '12');
      const piped = await lab.boxWithInput('{"pids":{"limit":13}}', 'update', '--resources', '-', id);
      assert.equal(piped.code, 0, piped.stderr);
      assert.equal(limit(), '13');
      assert.match((await lab.boxWithInput('{"pids":', 'update', '-r', '-', id)).stderr, /standard input:1:/);
      assert.match((await lab.boxWithInput('[]', 'update', '-r', '-', id)).stderr, /--resources: expected an object/);
      assert.match((await lab.box('update', '--memory', 'much', id)).stderr, /--memory: much is no number/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });
  });

  afterEach('leaves no cgroup and no record', () => {
    assert.deepEqual(lab.leftRecords(), []);
    assert.deepEqual(lab.leftCgroups(), []);
  });
});
