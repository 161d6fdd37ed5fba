import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';

const firstId = 400_000;
const mappings = [{ containerID: 0, hostID: firstId, size: 65_536 }];

/** Gives a spec a user namespace of its own. */
function withUsers(spec: BoxSpec): void {
  spec.linux.namespaces.push({ type: 'user' });
  spec.linux['uidMappings'] = mappings;
  spec.linux['gidMappings'] = mappings;
}

/** A user namespace, and a bind mount of SOURCE on /data. */
function withData(source: string, ...options: string[]): (spec: BoxSpec) => void {
  return (spec) => {
    withUsers(spec);
    spec.mounts.push({ destination: '/data', type: 'bind', source, options: ['rbind', ...options] });
  };
}

describe('tsstack-box with user and time namespaces', () => {
  let lab: BoxLab;

  before(() => {
    lab = new BoxLab();
  });

  after(async () => {
    await lab.dispose();
  });

  const output: BoxLab['output'] = (...args) => lab.output(...args);

  async function pidOf(id: string): Promise<number> {
    return (JSON.parse((await lab.box('state', id)).stdout) as { pid: number }).pid;
  }

  function directory(name: string): string {
    const path = join(lab.directory, name);
    mkdirSync(path);
    return path;
  }

  describe('user namespace', () => {
    it('is root inside and nobody outside', async () => {
      const id = await lab.start('sleep 1000', withUsers);
      const pid = await pidOf(id);
      assert.match(readFileSync(`/proc/${String(pid)}/uid_map`, 'utf8'), /^\s*0\s+400000\s+65536$/m);
      assert.match(readFileSync(`/proc/${String(pid)}/status`, 'utf8'), /^Uid:\s400000\s/m);
      assert.equal((await lab.box('exec', id, 'id', '-u')).stdout.trim(), '0');
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
      const plain = await lab.start('sleep 1000');
      assert.match(readFileSync(`/proc/${String(await pidOf(plain))}/status`, 'utf8'), /^Uid:\s0\s/m);
      assert.equal((await lab.box('delete', '--force', plain)).code, 0);
    });

    it('owns the other namespaces', async () => {
      const all = (spec: BoxSpec): void => {
        const rights = ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN'];
        spec.process.capabilities = { bounding: rights, effective: rights, permitted: rights };
      };
      const script = 'ip link set lo up && hostname other && mount -t proc proc /etc && echo yes';
      const change = (spec: BoxSpec): void => {
        withUsers(spec);
        all(spec);
        spec.linux.maskedPaths = [];
        spec.linux.readonlyPaths = [];
      };
      assert.equal(await output(script, change), 'yes');
      assert.notEqual((await lab.run(script, withUsers)).code, 0);
    });

    it('cannot read what is only for the root of the host', async () => {
      const source = directory('private');
      writeFileSync(join(source, 'secret'), 'text', { mode: 0o600 });
      assert.equal(
        await output('cat /data/secret', (spec) => {
          spec.mounts.push({ destination: '/data', type: 'bind', source, options: ['rbind'] });
        }),
        'text',
      );
      const inside = await lab.run('cat /data/secret', withData(source));
      assert.notEqual(inside.code, 0);
      assert.match(inside.stderr, /Permission denied/);
      assert.match((await lab.run('touch /data/made', withData(source))).stderr, /Permission denied/);
    });

    it('has its file systems: terminals, shared memory, queues, cgroups', async () => {
      const change = (spec: BoxSpec): void => {
        withUsers(spec);
        spec.mounts.push(
          { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'mode=1777'] },
          { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'nodev', 'noexec'] },
        );
      };
      const script = 'for path in /dev/pts/ptmx /dev/shm /dev/mqueue /sys /proc; do stat -c %u:%g $path; done';
      assert.equal(await output(script, change), ['0:0', '0:0', '0:0', '65534:65534', '65534:65534'].join('\n'));
      assert.match(await output('ls /sys/fs/cgroup', change), /\S/);
    });

    it('has the devices that the runtime spec promises, and those listed, with their owners', async () => {
      const script = 'echo x > /dev/null; head -c 3 /dev/zero | wc -c; stat -c "%u %t:%T" /dev/null /dev/listed';
      const listed = (spec: BoxSpec): void => {
        withUsers(spec);
        spec.linux['devices'] = [
          { path: '/dev/listed', type: 'c', major: 1, minor: 5, uid: 7, gid: 8, fileMode: 0o600 },
        ];
      };
      assert.equal(await output(script, listed), ['3', '0 1:3', '7 1:5'].join('\n'));
      const refused = (spec: BoxSpec): void => {
        withUsers(spec);
        spec.linux['devices'] = [{ path: '/dev/listed', type: 'c', major: 1, minor: 5, uid: 70_000 }];
      };
      assert.match((await lab.run('true', refused)).stderr, /owner of \/dev\/listed is not mapped/);
    });

    it('masks and protects paths against its root', async () => {
      assert.equal(await output('wc -c < /proc/timer_list; ls /sys/firmware', withUsers), '0');
      assert.match((await lab.run('echo 1 > /proc/sys/kernel/hostname', withUsers)).stderr, /Read-only/);
    });

    it('can open its standard output again, as root and as another user', () => {
      const run = (script: string, change: (spec: BoxSpec) => void): string =>
        lab.piped('run', '--bundle', lab.bundle(script, change), lab.newId()).trim();
      assert.equal(run('echo again > /dev/stdout', withUsers), 'again');
      const asUser = (spec: BoxSpec): void => {
        withUsers(spec);
        spec.process.user = { uid: 1000, gid: 1000, additionalGids: [7] };
      };
      assert.equal(run('echo again > /dev/stdout; id -G', asUser), 'again\n1000 7');
    });

    it('gives a terminal to its root and to another user', async () => {
      for (const uid of [0, 1000]) {
        const seen = await output('tty; stat -c %u /dev/pts/0; echo again > /dev/console; : < /dev/tty', (spec) => {
          withUsers(spec);
          spec.process.terminal = true;
          spec.process.user = { uid, gid: 0 };
        });
        assert.deepEqual(seen.split('\r\n'), ['/dev/pts/0', String(uid), 'again']);
      }
    });

    it('runs further processes inside', async () => {
      const id = await lab.start('sleep 1000', withUsers);
      const inside = readlinkSync(`/proc/${String(await pidOf(id))}/ns/user`);
      assert.equal((await lab.box('exec', id, 'readlink', '/proc/self/ns/user')).stdout.trim(), inside);
      assert.equal(lab.piped('exec', id, 'sh', '-c', 'echo again > /dev/stderr').trim(), 'again');
      assert.equal((await lab.box('exec', '--user', '33:33', id, 'id', '-u')).stdout.trim(), '33');
      assert.notEqual((await lab.box('exec', '--user', '70000', id, 'true')).code, 0);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('keeps limits, out-of-memory score and sysctls that only the host may set', async () => {
      const change = (spec: BoxSpec): void => {
        withUsers(spec);
        spec.process['oomScoreAdj'] = 300;
        spec.process['rlimits'] = [{ type: 'RLIMIT_NOFILE', soft: 77, hard: 99 }];
        spec.linux['sysctl'] = { 'kernel.shm_rmid_forced': '1', 'net.ipv4.ip_unprivileged_port_start': '80' };
      };
      const script =
        'cat /proc/self/oom_score_adj; ulimit -n; ' +
        'cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_unprivileged_port_start';
      assert.equal(await output(script, change), ['300', '77', '1', '80'].join('\n'));
    });

    it('owns what is below its cgroup on a unified hierarchy, where it can write to it, and no limit', async () => {
      const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
      const ownersOf = async (access: 'ro' | 'rw'): Promise<readonly number[]> => {
        const id = await lab.start('sleep 1000', (spec) => {
          withUsers(spec);
          const mount = spec.mounts.find(({ type }) => type === 'cgroup');
          if (mount !== undefined) mount.options = [access];
        });
        const [line = ''] = readFileSync(`/proc/${String(await pidOf(id))}/cgroup`, 'utf8')
          .split('\n')
          .slice(-2);
        const path = join(isUnified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids', line.split(':')[2] ?? '');
        const owners = ['', 'cgroup.procs', 'pids.max'].map((file) => statSync(join(path, file)).uid);
        assert.equal((await lab.box('delete', '--force', id)).code, 0);
        return owners;
      };
      assert.deepEqual(await ownersOf('ro'), [0, 0, 0]);
      assert.deepEqual(await ownersOf('rw'), isUnified ? [firstId, firstId, 0] : [0, 0, 0]);
    });

    it('joins namespaces of another container, of every kind', async () => {
      const id = await lab.start('sleep 1000', withUsers);
      const pid = String(await pidOf(id));
      const kinds = { user: 'user', network: 'net', pid: 'pid', ipc: 'ipc', uts: 'uts', cgroup: 'cgroup' };
      const joinAll = (spec: BoxSpec): void => {
        withUsers(spec);
        delete spec['hostname'];
        for (const namespace of spec.linux.namespaces) {
          const link = kinds[namespace.type as keyof typeof kinds] as string | undefined;
          if (link !== undefined) namespace.path = `/proc/${pid}/ns/${link}`;
        }
      };
      const seen = await output(
        `for n in ${Object.values(kinds).join(' ')}; do readlink /proc/self/ns/$n; done`,
        joinAll,
      );
      assert.deepEqual(
        seen.split('\n'),
        Object.values(kinds).map((link) => readlinkSync(`/proc/${pid}/ns/${link}`)),
      );
      const other = (spec: BoxSpec): void => {
        joinAll(spec);
        spec.linux['uidMappings'] = [{ containerID: 0, hostID: firstId + 1, size: 1 }];
      };
      assert.match((await lab.run('true', other)).stderr, /linux\.uidMappings: the user namespace .* has others/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('refuses maps that make no sense, naming the field', async () => {
      const mapped =
        (linux: object, user = { uid: 0, gid: 0 }) =>
        (spec: BoxSpec) => {
          withUsers(spec);
          Object.assign(spec.linux, linux);
          spec.process.user = user;
        };
      const overlapping = [...mappings, { containerID: 5, hostID: 7, size: 1 }];
      const cases: readonly (readonly [RegExp, (spec: BoxSpec) => void])[] = [
        [
          /linux\.uidMappings: needs a user namespace/,
          (spec) => void Object.assign(spec.linux, { uidMappings: mappings, gidMappings: mappings }),
        ],
        [/linux\.uidMappings: a new user namespace needs some/, mapped({ uidMappings: [], gidMappings: [] })],
        [/linux: uidMappings and gidMappings come together/, mapped({ gidMappings: [] })],
        [/linux\.uidMappings\[0\]: expected containerID/, mapped({ uidMappings: [{ size: 1 }] })],
        [/process\.user\.uid: 70000 is not in/, mapped({}, { uid: 70_000, gid: 0 })],
        [/linux\.uidMappings: set them/, mapped({ uidMappings: overlapping })],
      ];
      for (const [message, change] of cases) assert.match((await lab.run('true', change)).stderr, message);
    });
  });

  describe('mounts with other owners', () => {
    it('shows and stores the ids of the container as those of the disk', async () => {
      const source = directory('mapped');
      writeFileSync(join(source, 'root'), '', { mode: 0o600 });
      writeFileSync(join(source, 'user'), '');
      chownSync(join(source, 'user'), 1000, 1001);
      const script =
        'stat -c %u:%g /data/root /data/user; echo x > /data/root; touch /data/made; chown 33:34 /data/made';
      assert.equal(await output(script, withData(source, 'idmap')), ['0:0', '1000:1001'].join('\n'));
      const made = statSync(join(source, 'made'));
      assert.deepEqual([made.uid, made.gid], [33, 34]);
      const unmapped = await output('stat -c %u:%g /data/root', withData(source));
      assert.equal(unmapped, '65534:65534');
    });

    it('maps everything below with ridmap, and the mount alone with idmap', async () => {
      const source = directory('tree');
      mkdirSync(join(source, 'below'));
      execFileSync('mount', ['--bind', directory('lower'), join(source, 'below')]);
      try {
        const script = 'stat -c %u /data /data/below';
        assert.equal(await output(script, withData(source, 'ridmap')), '0\n0');
        assert.equal(await output(script, withData(source, 'idmap')), '0\n65534');
      } finally {
        execFileSync('umount', [join(source, 'below')]);
      }
    });

    it('takes maps of a mount’s own, without a user namespace too', async () => {
      const source = directory('own-maps');
      const maps = [{ containerID: 0, hostID: 5000, size: 10 }];
      const change = (spec: BoxSpec): void => {
        const mount = { destination: '/data', type: 'bind', source, options: ['rbind'] };
        spec.mounts.push(Object.assign(mount, { uidMappings: maps, gidMappings: maps }));
      };
      assert.equal(await output('stat -c %u:%g /data', change), '5000:5000');
      const missing = await lab.run('true', (spec) => {
        spec.mounts.push({ destination: '/data', type: 'bind', source, options: ['rbind', 'idmap'] });
      });
      assert.match(missing.stderr, /mounts\[5\]\.options: idmap needs uidMappings/);
    });

    it('says so when a file system cannot', async () => {
      const result = await lab.run('true', withData('/proc/self', 'idmap'));
      assert.equal(result.code, 1);
      assert.match(result.stderr, /map the ids of \/proc\/self: its file system cannot/);
    });
  });

  describe('time namespace', () => {
    const withTime = (spec: BoxSpec): void => {
      spec.linux.namespaces.push({ type: 'time' });
      spec.linux['timeOffsets'] = { boottime: { secs: 1_000_000, nanosecs: 5 }, monotonic: { secs: -10 } };
    };
    const uptime = (text: string): number => Number(text.split(' ')[0]);
    const hostUptime = (): number => uptime(readFileSync('/proc/uptime', 'utf8'));

    it('has clocks of its own, for the first process and for later ones', async () => {
      assert.ok(uptime(await output('cat /proc/uptime', withTime)) >= hostUptime() + 999_000);
      assert.ok(uptime(await output('cat /proc/uptime', () => undefined)) < hostUptime() + 1000);
      const id = await lab.start('sleep 1000', (spec) => {
        withUsers(spec);
        withTime(spec);
      });
      assert.ok(uptime((await lab.box('exec', id, 'cat', '/proc/uptime')).stdout) >= hostUptime() + 999_000);
      const path = `/proc/${String(await pidOf(id))}/ns/time`;
      const joined = await output('readlink /proc/self/ns/time', (spec) => {
        spec.linux.namespaces.push({ type: 'time', path });
      });
      assert.equal(joined, readlinkSync(path));
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('refuses offsets that make no sense, naming the field', async () => {
      const offsets = (value: unknown) => (spec: BoxSpec) => {
        withTime(spec);
        spec.linux['timeOffsets'] = value;
      };
      assert.match((await lab.run('true', offsets({ realtime: {} }))).stderr, /linux\.timeOffsets\.realtime: no clock/);
      assert.match((await lab.run('true', offsets({ boottime: { nanosecs: 1e9 } }))).stderr, /boottime\.nanosecs/);
      assert.match(
        (await lab.run('true', offsets({ monotonic: { secs: -1e15 } }))).stderr,
        /linux\.timeOffsets\.monotonic/,
      );
      const unasked = (spec: BoxSpec): void => void (spec.linux['timeOffsets'] = { boottime: { secs: 1 } });
      assert.match((await lab.run('true', unasked)).stderr, /linux\.timeOffsets: needs a time namespace/);
    });
  });

  it('is among the features', async () => {
    const features = JSON.parse((await lab.box('features')).stdout) as {
      mountOptions: string[];
      linux: { namespaces: string[]; mountExtensions: { idmap: { enabled: boolean } } };
    };
    assert.ok(['idmap', 'ridmap'].every((option) => features.mountOptions.includes(option)));
    assert.ok(['user', 'time'].every((kind) => features.linux.namespaces.includes(kind)));
    assert.equal(features.linux.mountExtensions.idmap.enabled, true);
  });

  it('leaves nothing behind', () => {
    assert.deepEqual(lab.leftRecords(), []);
    assert.deepEqual(lab.leftCgroups(), []);
  });
});
