import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';
import { dividesRealtime } from '../support/spend-realtime.ts';

/** Runs SCRIPT on one of the two CPUs that every host of the tests has. */
const cpusOfHost = execFileSync('nproc', { encoding: 'utf8' }).trim();

describe('tsstack-box process', () => {
  let lab: BoxLab;

  before(() => {
    lab = new BoxLab();
  });

  after(async () => {
    await lab.dispose();
  });

  const output: BoxLab['output'] = (...args) => lab.output(...args);

  const set =
    (key: string, value: unknown) =>
    (spec: BoxSpec): void =>
      void (spec.process[key] = value);

  describe('scheduler', () => {
    /** What the host's chrt says of the program. */
    async function seen(scheduler: Record<string, unknown>, resources: Record<string, unknown> = {}): Promise<string> {
      const id = await lab.start('exec sleep 1000', (spec) => {
        set('scheduler', scheduler)(spec);
        spec.linux.resources = resources;
      });
      const { pid } = JSON.parse((await lab.box('state', id)).stdout) as { pid: number };
      const text = execFileSync('chrt', ['--pid', String(pid)], { encoding: 'utf8' });
      const nice = execFileSync('ps', ['-o', 'ni=', '-p', String(pid)], { encoding: 'utf8' });
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
      const values = text.split('\n').flatMap((line) => line.split(': ').slice(1));
      return [...values, nice.trim()].join(' ');
    }

    it('is left alone when nothing is said', async () => {
      const own = String(getPriority());
      assert.equal(await output('busybox cat /proc/self/stat | busybox cut -d" " -f19'), own);
    });

    it('takes the policies without priority, with their nice value', async () => {
      assert.equal(await seen({ policy: 'SCHED_OTHER', nice: 7 }), 'SCHED_OTHER 0 7');
      assert.equal(await seen({ policy: 'SCHED_BATCH', nice: -3 }), 'SCHED_BATCH 0 -3');
      assert.equal(await seen({ policy: 'SCHED_IDLE' }), 'SCHED_IDLE 0 -');
    });

    it('takes realtime policies with a priority', async () => {
      // They need time of their own in the cgroup.
      const realtime = dividesRealtime ? { cpu: { realtimeRuntime: 1000, realtimePeriod: 1000000 } } : {};
      assert.equal(await seen({ policy: 'SCHED_FIFO', priority: 3 }, realtime), 'SCHED_FIFO 3 -');
      assert.equal(
        await seen({ policy: 'SCHED_RR', priority: 99, flags: ['SCHED_FLAG_RESET_ON_FORK'] }, realtime),
        'SCHED_RR|SCHED_RESET_ON_FORK 99 -',
      );
    });

    it('takes the numbers of SCHED_DEADLINE', async () => {
      const numbers = { runtime: 42_000, deadline: 1_000_000, period: 2_000_000 };
      assert.equal(
        await seen({ policy: 'SCHED_DEADLINE', nice: 19, ...numbers }),
        'SCHED_DEADLINE 0 42000/1000000/2000000 -',
      );
    });

    const cases: readonly [string, Record<string, unknown>, RegExp][] = [
      ['no policy', {}, /process\.scheduler\.policy: expected a string/],
      ['an unknown policy', { policy: 'SCHED_SOON' }, /process\.scheduler\.policy: unknown policy SCHED_SOON/],
      ['one that no kernel has', { policy: 'SCHED_ISO' }, /process\.scheduler: set SCHED_ISO: Invalid argument/],
      [
        'an unknown flag',
        { policy: 'SCHED_RR', priority: 1, flags: ['X'] },
        /process\.scheduler\.flags: unknown flag X/,
      ],
      [
        'a nice value out of range',
        { policy: 'SCHED_OTHER', nice: 20 },
        /process\.scheduler\.nice: expected -20 to 19/,
      ],
      [
        'a priority that means nothing',
        { policy: 'SCHED_OTHER', priority: 1 },
        /process\.scheduler\.priority: expected 0/,
      ],
      ['realtime without priority', { policy: 'SCHED_FIFO' }, /process\.scheduler\.priority: expected 1 to 99/],
      [
        'a runtime for no deadline',
        { policy: 'SCHED_BATCH', runtime: 1 },
        /process\.scheduler\.runtime: is for SCHED_D/,
      ],
      [
        'a runtime beyond the deadline',
        { policy: 'SCHED_DEADLINE', runtime: 2, deadline: 1, period: 3 },
        /process\.scheduler\.runtime: expected 1 to the deadline \(1\)/,
      ],
    ];
    for (const [name, scheduler, expected] of cases) {
      it(`refuses ${name}`, async () => {
        const result = await lab.run('true', set('scheduler', scheduler));
        assert.equal(result.code, 1);
        assert.match(result.stderr, expected);
      });
    }
  });

  describe('ioPriority', () => {
    const ionice = 'exec busybox ionice';
    it('is that of the spec', async () => {
      const priority = (kind: string, level: number) => set('ioPriority', { class: kind, priority: level });
      assert.equal(await output(ionice), 'none: prio 0');
      assert.equal(await output(ionice, priority('IOPRIO_CLASS_BE', 6)), 'best-effort: prio 6');
      assert.equal(await output(ionice, priority('IOPRIO_CLASS_RT', 1)), 'realtime: prio 1');
      assert.equal(await output(ionice, priority('IOPRIO_CLASS_IDLE', 0)), 'idle');
    });

    for (const [name, value, expected] of [
      ['no class', { priority: 1 }, /process\.ioPriority\.class: expected a string/],
      ['an unknown class', { class: 'FAST', priority: 1 }, /process\.ioPriority\.class: unknown class FAST/],
      ['no priority', { class: 'IOPRIO_CLASS_BE' }, /process\.ioPriority\.priority: expected a whole number/],
      ['a priority of 8', { class: 'IOPRIO_CLASS_BE', priority: 8 }, /process\.ioPriority\.priority: expected a whole/],
    ] as const) {
      it(`refuses ${name}`, async () => {
        assert.match((await lab.run('true', set('ioPriority', value))).stderr, expected);
      });
    }
  });

  describe('execCPUAffinity', () => {
    const allowed = ['grep', 'Cpus_allowed_list', '/proc/self/status'];
    const all = cpusOfHost === '1' ? '0' : `0-${String(Number(cpusOfHost) - 1)}`;

    /** The CPUs of a process that joins a container, as process.json has AFFINITY. */
    async function cpus(id: string, affinity: Record<string, string>): Promise<string> {
      const path = join(lab.directory, 'process.json');
      writeFileSync(path, JSON.stringify({ args: allowed, cwd: '/', execCPUAffinity: affinity, env: ['PATH=/bin'] }));
      const result = await lab.box('exec', '--process', path, id);
      return result.code === 0 ? (result.stdout.trim().split('\t').at(-1) ?? '') : result.stderr;
    }

    it('puts later processes on its final CPUs, or on all of the container', async () => {
      const id = await lab.start('sleep 1000');
      assert.equal(await cpus(id, {}), all);
      assert.equal(await cpus(id, { initial: '0', final: '1' }), '1');
      assert.equal(await cpus(id, { final: '0' }), '0');
      assert.equal(await cpus(id, { initial: '0' }), all);
      assert.match(await cpus(id, { initial: '8191' }), /process\.execCPUAffinity\.initial: run on CPUs 8191: Invalid/);
      assert.match(await cpus(id, { final: '1-0' }), /process\.execCPUAffinity\.final: 1-0 is no list of CPUs/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('stays within the CPUs of the container', async () => {
      const id = await lab.start('sleep 1000', (spec) => void (spec.linux.resources = { cpu: { cpus: '1' } }));
      assert.equal(await cpus(id, { initial: '0' }), '1');
      assert.match(await cpus(id, { final: '0' }), /process\.execCPUAffinity\.final: run on CPUs 0: Invalid/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('does not concern the first process', async () => {
      assert.match(
        await output(allowed.join(' '), set('execCPUAffinity', { initial: '0', final: '0' })),
        new RegExp(all),
      );
    });
  });

  describe('personality', () => {
    const personality = (value: unknown) => (spec: BoxSpec) => void (spec.linux['personality'] = value);

    it('shows a 32-bit machine to all processes when asked', async () => {
      assert.equal(await output('busybox uname -m'), 'x86_64');
      assert.equal(await output('busybox uname -m', personality({ domain: 'LINUX' })), 'x86_64');
      assert.equal(await output('busybox uname -m', personality({ domain: 'LINUX32' })), 'i686');
      const id = await lab.start('sleep 1000', personality({ domain: 'LINUX32' }));
      assert.equal((await lab.box('exec', id, 'busybox', 'uname', '-m')).stdout, 'i686\n');
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('refuses other domains and any flag', async () => {
      assert.match(
        (await lab.run('true', personality({ domain: 'BSD' }))).stderr,
        /linux\.personality\.domain: expected/,
      );
      const flags = personality({ domain: 'LINUX', flags: ['ADDR_NO_RANDOMIZE'] });
      assert.match((await lab.run('true', flags)).stderr, /linux\.personality\.flags: no flags are supported/);
    });
  });

  describe('capabilities', () => {
    it('fill the five sets, each as it is listed', async () => {
      const sets = {
        bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_MKNOD', 'CAP_SETUID'],
        permitted: ['CAP_CHOWN', 'CAP_KILL', 'CAP_MKNOD'],
        effective: ['CAP_CHOWN', 'CAP_KILL'],
        inheritable: ['CAP_CHOWN', 'CAP_MKNOD'],
        ambient: ['CAP_CHOWN'],
      };
      const change = (spec: BoxSpec): void => {
        spec.process.user = { uid: 1000, gid: 1000 };
        spec.process.capabilities = sets;
      };
      const lines = (await output('grep Cap /proc/self/status', change)).split('\n').map((line) => line.split('\t')[1]);
      const bits = (...numbers: number[]): string =>
        numbers
          .reduce((sum, number) => sum + 2 ** number, 0)
          .toString(16)
          .padStart(16, '0');
      // After the exec of an unprivileged user: permitted and effective are what is ambient.
      assert.deepEqual(lines, [bits(0, 27), bits(0), bits(0), bits(0, 5, 7, 27), bits(0)]);
    });

    it('that do not exist or cannot be given are left out with a warning', async () => {
      const sets = (name: string): Record<string, string[]> => ({
        bounding: ['CAP_KILL', name],
        permitted: ['CAP_KILL', name],
        effective: ['CAP_KILL'],
      });
      const unknown = await lab.run('grep CapPrm /proc/self/status', (spec) => {
        spec.process.capabilities = sets('CAP_FLY');
      });
      assert.match(unknown.stdout, /0000000000000020$/m);
      assert.match(unknown.stderr, /warning: process\.capabilities: CAP_FLY is no capability/);
      assert.equal(unknown.stderr.trim().split('\n').length, 1);
      // The box itself without one of them.
      const bundle = lab.bundle('grep CapPrm /proc/self/status', (spec) => {
        spec.process.capabilities = sets('CAP_SYSLOG');
      });
      const without = await lab.boxUnder(['setpriv', '--bounding-set=-syslog'], 'run', '--bundle', bundle, lab.newId());
      assert.match(without.stdout, /0000000000000020$/m);
      assert.match(without.stderr, /warning: process\.capabilities: CAP_SYSLOG cannot be given/);
    });
  });

  describe('limits', () => {
    const limits =
      (...list: unknown[]) =>
      (spec: BoxSpec): void =>
        void (spec.process['rlimits'] = list);

    it('may be unlimited', async () => {
      const infinite = limits({ type: 'RLIMIT_CORE', soft: 5120, hard: -1 });
      assert.equal(await output('ulimit -c; ulimit -H -c', infinite), '10\nunlimited');
    });

    for (const [name, value, expected] of [
      ['a limit twice', [0, 1], /process\.rlimits\[1\]\.type: RLIMIT_CORE is given twice/],
      ['a broken number', [0.5], /process\.rlimits\[0\]\.soft: expected a whole number/],
      ['a soft limit above the hard one', [9], /process\.rlimits\[0\]\.soft: is above the hard limit/],
    ] as const) {
      it(`refuse ${name}`, async () => {
        const list = value.map((soft) => ({ type: 'RLIMIT_CORE', soft, hard: 8 }));
        assert.match((await lab.run('true', limits(...list))).stderr, expected);
      });
    }
  });

  describe('terminal', () => {
    it('has the size of the spec', async () => {
      const sized = (spec: BoxSpec): void => {
        spec.process.terminal = true;
        spec.process['consoleSize'] = { height: 33, width: 77 };
      };
      assert.equal(await output('busybox stty size', sized), '33 77');
    });

    it('needs both numbers', async () => {
      const half = set('consoleSize', { height: 33 });
      assert.match((await lab.run('true', half)).stderr, /process\.consoleSize\.width: expected a whole number/);
    });
  });

  describe('oomScoreAdj', () => {
    it('is set for the first process and stays without it', async () => {
      const own = execFileSync('cat', ['/proc/self/oom_score_adj'], { encoding: 'utf8' }).trim();
      assert.equal(await output('cat /proc/self/oom_score_adj'), own);
      assert.equal(await output('cat /proc/self/oom_score_adj', set('oomScoreAdj', 777)), '777');
    });

    it('is refused out of range', async () => {
      assert.match((await lab.run('true', set('oomScoreAdj', 1001))).stderr, /process\.oomScoreAdj: expected -1000/);
    });
  });

  describe('labels', () => {
    for (const [key, present] of [
      ['apparmorProfile', existsSync('/sys/kernel/security/apparmor')],
      ['selinuxLabel', existsSync('/sys/fs/selinux/enforce')],
    ] as const) {
      it(`${key}: one that this host cannot give is an error`, async () => {
        const result = await lab.run('true', set(key, 'no-such-label'));
        assert.equal(result.code, 1);
        assert.match(
          result.stderr,
          present ? new RegExp(`process\\.${key}: set`) : /this host has no (AppArmor|SELinux)/,
        );
        assert.equal((await lab.run('true', set(key, ''))).code, 0);
      });
    }
  });

  afterEach('leaves no cgroup and no record', () => {
    assert.deepEqual(lab.leftRecords(), []);
    assert.deepEqual(lab.leftCgroups(), []);
  });
});
