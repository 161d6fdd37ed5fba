import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';
import { until } from '../support/test-host.ts';

/** Drops one kind of namespace from a spec, so that the container shares the host's. */
function without(type: string): (spec: BoxSpec) => void {
  return (spec) => {
    spec.linux.namespaces = spec.linux.namespaces.filter((namespace) => namespace.type !== type);
    if (type === 'uts') delete spec['hostname'];
  };
}

describe('tsstack-box', () => {
  let lab: BoxLab;

  before(() => {
    lab = new BoxLab();
  });

  after(async () => {
    await lab.dispose();
  });

  const output: BoxLab['output'] = (...args) => lab.output(...args);

  describe('namespaces', () => {
    for (const [type, link] of [
      ['pid', 'pid'],
      ['network', 'net'],
      ['ipc', 'ipc'],
      ['uts', 'uts'],
      ['cgroup', 'cgroup'],
    ] as const) {
      it(`gives a ${type} namespace of its own, or the host's when none is asked for`, async () => {
        const host = readlinkSync(`/proc/self/ns/${link}`);
        assert.notEqual(await output(`readlink /proc/self/ns/${link}`), host);
        assert.equal(await output(`readlink /proc/self/ns/${link}`, without(type)), host);
      });
    }

    it('joins a namespace by its path', async () => {
      const id = await lab.start('sleep 1000');
      const state = JSON.parse((await lab.box('state', id)).stdout) as { pid: number };
      for (const [type, link] of [
        ['network', 'net'],
        ['pid', 'pid'],
        ['ipc', 'ipc'],
      ]) {
        const path = `/proc/${String(state.pid)}/ns/${String(link)}`;
        const joined = await output(`readlink /proc/self/ns/${String(link)}`, (spec) => {
          const namespace = spec.linux.namespaces.find((candidate) => candidate.type === type);
          if (namespace !== undefined) namespace.path = path;
        });
        assert.equal(joined, readlinkSync(path));
      }
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('shows only its own processes, network, name and cgroup', async () => {
      const seen = await output('echo $$; ls /sys/class/net; hostname; cat /proc/self/cgroup');
      const [pid, net, name, ...cgroups] = seen.split('\n');
      assert.deepEqual([pid, net, name], ['1', 'lo', 'boxlab']);
      assert.ok(
        cgroups.every((line) => line.endsWith(':/')),
        seen,
      );
    });

    it('refuses a spec without a mount namespace, which would mount on the host', async () => {
      const result = await lab.run('true', without('mount'));
      assert.equal(result.code, 1);
      assert.match(result.stderr, /linux\.namespaces/);
    });
  });

  describe('file system', () => {
    it('shows nothing of the host', async () => {
      assert.equal(await output('ls /'), ['bin', 'dev', 'etc', 'proc', 'sys'].join('\n'));
      const mounts = await output('wc -l < /proc/self/mountinfo', (spec) => {
        spec.mounts = spec.mounts.slice(0, 1);
        spec.linux.maskedPaths = [];
        spec.linux.readonlyPaths = [];
      });
      assert.equal(mounts, '2');
    });

    it('makes the root read-only when asked', async () => {
      assert.equal((await lab.run('touch /file')).code, 0);
      assert.notEqual((await lab.run('touch /file', (spec) => void (spec.root.readonly = true))).code, 0);
    });

    it('binds directories and files, writable or not', async () => {
      const source = join(lab.directory, 'source');
      mkdirSync(source);
      writeFileSync(join(source, 'file'), 'text');
      const mounts = (readonly: boolean) => (spec: BoxSpec) => {
        const options = readonly ? ['rbind', 'ro'] : ['rbind'];
        spec.mounts.push({ destination: '/data', type: 'bind', source, options });
        spec.mounts.push({ destination: '/new/one', type: 'bind', source: join(source, 'file'), options });
      };
      assert.equal(await output('cat /data/file /new/one; touch /data/made', mounts(false)), 'texttext');
      assert.ok(existsSync(join(source, 'made')));
      assert.match((await lab.run('touch /data/other', mounts(true))).stderr, /Read-only/);
      assert.match((await lab.run('echo >> /new/one', mounts(true))).stderr, /Read-only/);
    });

    it('makes a bind read-only with everything below it', async () => {
      const source = join(lab.directory, 'nested');
      mkdirSync(join(source, 'below'), { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', 'nested', join(source, 'below')]);
      const bind = (option: string) => (spec: BoxSpec) => {
        spec.mounts.push({ destination: '/data', type: 'bind', source, options: ['rbind', option] });
      };
      try {
        assert.equal((await lab.run('touch /data/below/file', bind('ro'))).code, 0);
        assert.match((await lab.run('touch /data/below/file', bind('rro'))).stderr, /Read-only/);
      } finally {
        execFileSync('umount', [join(source, 'below')]);
      }
    });

    it('fills a tmpfs with what the image has there, keeping modes', async () => {
      const bundle = lab.bundle(
        'cat /etc/data/file; stat -c %a /etc/data /etc/data/file; touch /etc/data/x',
        (spec) => {
          const options = ['tmpcopyup', 'size=1m'];
          spec.mounts.push({ destination: '/etc/data', type: 'tmpfs', source: 'tmpfs', options });
        },
      );
      const data = join(bundle, 'rootfs/etc/data');
      mkdirSync(data, { mode: 0o750 });
      writeFileSync(join(data, 'file'), 'copied\n', { mode: 0o640 });
      const result = await lab.box('run', '--bundle', bundle, lab.newId());
      assert.equal(result.stdout, 'copied\n750\n640\n', result.stderr);
      assert.ok(!existsSync(join(data, 'x')));
    });

    it('fills a tmpfs with all kinds of files that the image has there', async () => {
      const script = 'cd /etc/data; cat deep/file; readlink link; test -p pipe && stat -c "%u %g %a" deep pipe';
      const bundle = lab.bundle(script, (spec) => {
        spec.mounts.push({ destination: '/etc/data', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] });
      });
      const data = join(bundle, 'rootfs/etc/data');
      mkdirSync(join(data, 'deep'), { recursive: true });
      writeFileSync(join(data, 'deep/file'), 'deep down\n');
      symlinkSync('/nowhere', join(data, 'link'));
      execFileSync('mkfifo', ['-m', '600', join(data, 'pipe')]);
      for (const [name, owner] of [
        ['deep', 7],
        ['pipe', 8],
      ] as const)
        chownSync(join(data, name), owner, owner);
      const result = await lab.box('run', '--bundle', bundle, lab.newId());
      assert.equal(result.stdout, 'deep down\n/nowhere\n7 7 755\n8 8 600\n', result.stderr);
    });

    it('gives the devices that the runtime spec promises', async () => {
      const expected = ['null 1 3', 'zero 1 5', 'full 1 7', 'random 1 8', 'urandom 1 9', 'tty 5 0'];
      const seen = await output(
        'cd /dev; for d in null zero full random urandom tty; do stat -c "%n %t %T" $d; done; echo > null',
      );
      assert.deepEqual(seen.split('\n'), expected);
    });

    it('reports a missing source by the mount it belongs to', async () => {
      const result = await lab.run('true', (spec) => {
        spec.mounts.push({ destination: '/data', type: 'bind', source: '/no/such/source', options: ['bind'] });
      });
      assert.equal(result.code, 1);
      assert.match(result.stderr, /mount \/no\/such\/source on \/data: No such file/);
    });
  });

  describe('rights', () => {
    it('has the capabilities of the spec and no others', async () => {
      assert.match(await output('grep CapEff /proc/self/status'), /00000000080000a1$/);
      assert.equal((await lab.run('chown 1:1 /etc')).code, 0);
      const result = await lab.run('chown 1:1 /etc', (spec) => void (spec.process.capabilities = {}));
      assert.match(result.stderr, /Operation not permitted/);
    });

    it('runs as the user of the spec, with ambient capabilities where asked', async () => {
      const asUser = (spec: BoxSpec) => {
        spec.process.user = { uid: 1000, gid: 1001, additionalGids: [5, 6], umask: 0o27 };
      };
      assert.equal(await output('id -u; id -g; id -G; umask', asUser), '1000\n1001\n1001 5 6\n0027');
      assert.match(await output('grep CapEff /proc/self/status', asUser), /0000000000000000$/);
      const ambient = await output('grep CapEff /proc/self/status', (spec) => {
        asUser(spec);
        const chown = ['CAP_CHOWN'];
        spec.process.capabilities = {
          bounding: chown,
          effective: chown,
          permitted: chown,
          inheritable: chown,
          ambient: chown,
        };
      });
      assert.match(ambient, /0000000000000001$/);
    });

    it('sets no_new_privs', async () => {
      assert.match(await output('grep NoNewPrivs /proc/self/status'), /1$/);
      const off = (spec: BoxSpec) => void (spec.process.noNewPrivileges = false);
      assert.match(await output('grep NoNewPrivs /proc/self/status', off), /0$/);
    });

    for (const noNewPrivileges of [true, false]) {
      it(`filters system calls, ${noNewPrivileges ? 'with' : 'without'} no_new_privs`, async () => {
        const result = await lab.run('mkdir /made', (spec) => {
          spec.process.noNewPrivileges = noNewPrivileges;
          spec.linux['seccomp'] = {
            defaultAction: 'SCMP_ACT_ALLOW',
            syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
          };
        });
        assert.match(result.stderr, /No space left/);
        assert.equal((await lab.run('mkdir /made')).code, 0);
      });
    }

    it('kills on a forbidden system call when the profile says so', async () => {
      const result = await lab.run('mkdir /made', (spec) => {
        spec.process.args = ['/bin/mkdir', '/made'];
        spec.linux['seccomp'] = {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' }],
        };
      });
      assert.equal(result.code, 128 + 31);
    });

    it('masks paths and makes others read-only', async () => {
      const script = 'wc -c < /proc/timer_list; ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/domainname';
      const result = await lab.run(script);
      assert.equal(result.stdout, '0\n0\n');
      assert.match(result.stderr, /Read-only/);
      const open = await lab.run(script, (spec) => {
        spec.linux.maskedPaths = [];
        spec.linux.readonlyPaths = [];
      });
      assert.doesNotMatch(open.stdout, /^0\n/);
      assert.equal(open.stderr, '');
    });

    it('makes the root read-only where that is one of the paths', async () => {
      const { stdout, stderr } = await lab.run('touch /x; touch /dev/x && echo inside', (spec) => {
        spec.linux.readonlyPaths = ['/proc/..'];
      });
      assert.match(stderr, /\/x: Read-only/);
      assert.equal(stdout, 'inside\n');
    });

    it('makes hierarchies of cgroups read-only, with rro as with ro', async () => {
      const attempt = 'for path in /sys/fs/cgroup /sys/fs/cgroup/pids; do test -d $path && mkdir $path/x; done';
      const change = (option: string) => (spec: BoxSpec) => {
        for (const mount of spec.mounts) if (mount.type === 'cgroup') mount.options = [option];
      };
      for (const option of ['ro', 'rro']) assert.match((await lab.run(attempt, change(option))).stderr, /Read-only/);
      assert.equal((await lab.run(attempt, change('rw'))).stderr, '');
    });

    it('allows no device but those promised and those listed', async () => {
      const script = 'mknod /d c 1 1; head -c 1 /d > /dev/null';
      assert.match((await lab.run(script)).stderr, /Operation not permitted/);
      const allowed = await lab.run(
        'mknod /d c 10 229; test -c /dev/mine && head -c 1 /dev/mine > /dev/null',
        (spec) => {
          spec.linux['devices'] = [{ path: '/dev/mine', type: 'c', major: 1, minor: 5, fileMode: 0o600 }];
        },
      );
      assert.equal(allowed.code, 0, allowed.stderr);
      // Nobody has this number: opening it says so where the rules let it get that far.
      const unused = 'mknod /d c 240 0; head -c 0 /d';
      assert.match((await lab.run(unused)).stderr, /Operation not permitted/);
      const listed = await lab.run(unused, (spec) => {
        const rule = { allow: true, type: 'c', major: 240, minor: 0, access: 'rw' };
        spec.linux.resources['devices'] = [{ allow: false, access: 'rwm' }, rule];
      });
      assert.match(listed.stderr, /No such device or address/);
    });

    it('sets limits, and warns where this host may not raise one', async () => {
      const limit = (hard: number) => (spec: BoxSpec) => {
        spec.process['rlimits'] = [{ type: 'RLIMIT_NOFILE', soft: 77, hard }];
      };
      assert.equal(await output('ulimit -n', limit(99)), '77');
      const raised = await lab.run('ulimit -n', limit(2 ** 30));
      assert.equal(raised.stdout, '77\n');
      assert.match(raised.stderr, /RLIMIT_NOFILE stays at/);
      const few = (spec: BoxSpec) => void (spec.process['rlimits'] = [{ type: 'RLIMIT_NOFILE', soft: 4, hard: 4 }]);
      assert.equal(await output('ulimit -n', few), '4');
    });

    it('sets sysctls of the container and refuses those of the host', async () => {
      const sysctl = (key: string) => (spec: BoxSpec) => void (spec.linux['sysctl'] = { [key]: '1' });
      assert.equal(await output('cat /proc/sys/net/ipv4/ip_forward', sysctl('net.ipv4.ip_forward')), '1');
      assert.match((await lab.run('true', sysctl('kernel.panic'))).stderr, /would change the host/);
      // Where dots separate, a slash stands for a dot.
      for (const climbing of ['net.../../kernel/panic', 'net/../kernel/panic', 'net.//.kernel.panic']) {
        assert.match((await lab.run('true', sysctl(climbing))).stderr, /would change the host/, climbing);
      }
    });
  });

  describe('resources', () => {
    it('kills what uses more memory than allowed', async () => {
      const eater = 'x=$(dd if=/dev/zero bs=1M count=64 2>/dev/null | tr "\\0" x); echo ${#x}';
      const limited = await lab.run(`exec /bin/busybox sh -c '${eater}'`, (spec) => {
        spec.linux.resources = { memory: { limit: 16 << 20, swap: 16 << 20 } };
      });
      assert.equal(limited.code, 137);
      assert.equal(await output(eater.replaceAll('tr', 'busybox tr')), String(64 << 20));
    });

    it('bounds the number of processes', async () => {
      const script = 'for i in 1 2 3 4 5 6; do sleep 5 & done; echo all; kill %1';
      const limited = await lab.run(script, (spec) => void (spec.linux.resources = { pids: { limit: 4 } }));
      assert.match(limited.stderr, /fork/);
      assert.equal((await lab.run('for i in 1 2 3; do sleep 0 & done; echo all')).stdout, 'all\n');
    });

    it('refuses what makes no sense, naming the field', async () => {
      const result = await lab.run('true', (spec) => {
        spec.linux.resources = { memory: { limit: 1 << 24, swap: 1 << 20 } };
      });
      assert.match(result.stderr, /linux\.resources\.memory\.swap/);
      const wrong = await lab.run('true', (spec) => void (spec.linux.resources = { memory: { limit: 'much' } }));
      assert.match(wrong.stderr, /linux\.resources\.memory\.limit: expected a whole number/);
    });
  });

  describe('exit codes', () => {
    const command =
      (...args: string[]) =>
      (spec: BoxSpec) =>
        void (spec.process.args = args);

    it("are the program's", async () => {
      assert.equal((await lab.run('exit 42')).code, 42);
      assert.equal((await lab.run('kill -TERM $$')).code, 0);
      assert.equal((await lab.run('sh -c "kill -9 \\$\\$"; exit $?')).code, 137);
    });

    it('are 127 for a program that is not there', async () => {
      for (const name of ['nonesuch', '/bin/nonesuch', './nonesuch']) {
        const result = await lab.run('', command(name));
        assert.equal(result.code, 127, name);
        assert.match(result.stderr, new RegExp(`exec "${name}"`));
      }
    });

    it('are 126 for a file that is no program', async () => {
      for (const name of ['/etc', '/etc/plain', '/etc/garbage']) {
        const bundle = lab.bundle('', command(name));
        writeFileSync(join(bundle, 'rootfs/etc/plain'), '#!/bin/sh\n', { mode: 0o644 });
        writeFileSync(join(bundle, 'rootfs/etc/garbage'), '\u0001\u0002', { mode: 0o755 });
        assert.equal((await lab.box('run', '--bundle', bundle, lab.newId())).code, 126, name);
      }
    });
  });

  describe('life cycle', () => {
    async function status(id: string): Promise<string> {
      return (JSON.parse((await lab.box('state', id)).stdout) as { status: string }).status;
    }

    it('goes from created to deleted and leaves nothing', async () => {
      const id = lab.newId();
      const bundle = lab.bundle('echo ran > /etc/ran; sleep 1000');
      await lab.quiet('create', '--bundle', bundle, '--pid-file', join(bundle, 'pid'), id);
      assert.equal(await status(id), 'created');
      assert.ok(!existsSync(join(bundle, 'rootfs/etc/ran')));
      assert.equal((await lab.box('start', id)).code, 0);
      assert.equal(await status(id), 'running');
      assert.notEqual((await lab.box('start', id)).code, 0);
      assert.equal((await lab.box('pause', id)).code, 0);
      assert.equal(await status(id), 'paused');
      assert.match((await lab.box('exec', id, 'true')).stderr, /paused/);
      assert.equal((await lab.box('resume', id)).code, 0);
      assert.notEqual((await lab.box('delete', id)).code, 0);
      assert.equal((await lab.box('kill', id, 'KILL')).code, 0);
      while ((await status(id)) !== 'stopped') continue;
      assert.match(readFileSync(join(bundle, 'pid'), 'utf8'), /^[0-9]+$/);
      assert.equal((await lab.box('delete', id)).code, 0);
      assert.match((await lab.box('state', id)).stderr, /does not exist/);
    });

    it('refuses a second container of the same name', async () => {
      const id = await lab.start('sleep 1000');
      const result = await lab.box('run', '--bundle', lab.bundle('true'), id);
      assert.match(result.stderr, /already exists/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('executes further processes inside', async () => {
      const id = await lab.start('sleep 1000');
      const exec = async (...args: string[]) => lab.box('exec', ...args);
      // Its first process and the shell.
      const script = 'hostname; set -- /proc/[0-9]*; echo $#';
      assert.equal((await exec(id, 'sh', '-c', script)).stdout, 'boxlab\n2\n');
      assert.equal((await exec(id, 'sh', '-c', 'exit 7')).code, 7);
      assert.equal(
        (await exec('--user', '12:13', '--cwd', '/etc', '--env', 'A=b', id, 'sh', '-c', 'id -u; pwd; echo $A')).stdout,
        '12\n/etc\nb\n',
      );
      assert.equal((await exec(id, 'nonesuch')).code, 127);
      assert.equal((await exec(id, '/etc')).code, 126);
      assert.match((await exec(id, 'cat', '/proc/self/cgroup')).stdout, /^([^\n]*:\/\n)+$/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('kills all of a container that shares the host’s processes', async () => {
      const id = await lab.start('sleep 1001 & sleep 1002 & exec sleep 1003', without('pid'));
      const pids = await until(
        async () => JSON.parse((await lab.box('ps', '--format', 'json', id)).stdout) as number[],
        ({ length }) => length === 3,
      );
      assert.equal((await lab.box('kill', '--all', id, 'KILL')).code, 0);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
      for (const pid of pids) assert.ok(!existsSync(`/proc/${String(pid)}/root/bin/busybox`));
    });

    it('changes resources while it runs', async () => {
      const id = await lab.start('sleep 1000');
      assert.equal((await lab.box('update', '--pids-limit', '3', id)).code, 0);
      const script = 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait';
      assert.match((await lab.box('exec', id, 'sh', '-c', script)).stderr, /fork/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('dies of SIGKILL while it is paused', async () => {
      const id = await lab.start('sleep 1000');
      assert.equal((await lab.box('pause', id)).code, 0);
      assert.equal((await lab.box('kill', id, '9x')).code, 1);
      assert.equal((await lab.box('kill', id, 'KILL')).code, 0);
      await until(
        async () => (await lab.box('state', id)).stdout,
        (state) => state.includes('"stopped"'),
      );
      assert.equal((await lab.box('delete', id)).code, 0);
    });

    it('gives a terminal', async () => {
      const seen = await output(
        'tty; test -t 0 && test -t 1 && echo terminal; readlink /proc/1/fd/0; ls /dev/console',
        (spec) => {
          spec.process.terminal = true;
        },
      );
      assert.deepEqual(seen.split('\r\n'), ['/dev/pts/0', 'terminal', '/dev/pts/0', '/dev/console']);
    });
  });

  afterEach('leaves no cgroup and no record', () => {
    assert.deepEqual(lab.leftRecords(), []);
    assert.deepEqual(lab.leftCgroups(), []);
  });
});
