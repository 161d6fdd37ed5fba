/** Known ways out of containers, tried: each with what a runtime would do that does not know of it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab, type BoxSpec } from '../support/box-lab.ts';
import type { ProgramResult } from '../support/run-program.ts';
import { whileExchanging } from '../support/exchange.ts';
import { nativeProgram } from '../support/native-build.ts';
import { until } from '../support/test-host.ts';

/** As somebody would who does not know that it may have become a link since. */
function makeUnlessLink(parent: string, name: string): void {
  try {
    if (lstatSync(parent).isDirectory()) mkdirSync(join(parent, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}

/** Rounds of a race that is won in every other one by whoever looks before he leaps. */
const rounds = 25;

describe('tsstack-box: known ways out', () => {
  let lab: BoxLab;

  before(() => {
    lab = new BoxLab();
  });
  after(async () => {
    await lab.dispose();
  });
  afterEach('leaves no cgroup and no record', () => {
    assert.deepEqual([...lab.leftRecords(), ...lab.leftCgroups()], []);
  });

  const run = (bundle: string): Promise<ProgramResult> => lab.box('run', '--bundle', bundle, lab.newId());
  const pidOf = async (id: string): Promise<number> =>
    (JSON.parse((await lab.box('state', id)).stdout) as { pid: number }).pid;
  const shell = (script: string, ...words: readonly string[]): string =>
    execFileSync('sh', ['-c', script, 'sh', ...words], { encoding: 'utf8' });
  /** An image with a /dev of its own, which no mount covers. */
  const withOwnDev = (spec: BoxSpec): void => {
    spec.mounts = spec.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  };

  describe('CVE-2019-5736: writing the program of the runtime', () => {
    /** Waits for one of two programs, nothing else of the host, keeps hold of its file, and writes when it has ended. */
    const attack = `while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe 2>/dev/null) in
      */naive/busybox*|*tsstack*) exec 3< $p/exe && touch /held && break 2;; esac; done; done
      while [ -e $p/status ] && ! grep -q "^State:.Z" $p/status; do :; done
      if echo attack 2>/dev/null >> /proc/self/fd/3; then echo written > /word; else echo refused > /word; fi
     busybox mv /word /result`;

    async function attackOn(program: (pidNamespace: string) => Promise<() => Promise<void>>): Promise<string> {
      const bundle = lab.bundle(attack, ({ process }) => {
        for (const set of Object.values(process.capabilities)) set.push('CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE');
      });
      const id = lab.newId();
      await lab.quiet('create', '--bundle', bundle, id);
      await lab.quiet('start', id);
      const end = await program(`/proc/${String(await pidOf(id))}/ns/pid`);
      const seen = (name: string): Promise<boolean> => Promise.resolve(existsSync(join(bundle, 'rootfs', name)));
      await until(() => seen('held'), Boolean);
      await end();
      await until(() => seen('result'), Boolean);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
      return readFileSync(join(bundle, 'rootfs/result'), 'utf8').trim();
    }

    it('succeeds where a program of the host enters the container', async () => {
      const program = join(lab.directory, 'naive/busybox');
      mkdirSync(join(lab.directory, 'naive'));
      copyFileSync('/bin/busybox', program);
      const result = await attackOn((pidNamespace) => {
        const options = { stdio: 'ignore', detached: true } as const;
        const child = spawn('nsenter', [`--pid=${pidNamespace}`, program, 'sleep', '1000'], options);
        const ended = once(child, 'exit');
        return Promise.resolve(async () => {
          process.kill(-(child.pid ?? assert.fail('nsenter did not start')), 'SIGKILL');
          await ended;
        });
      });
      assert.equal(result, 'written');
      assert.match(readFileSync(program, 'latin1'), /attack\n$/);
    });

    /** The attack on a box whose process in the container is expected to run from `exe`. */
    async function attackOnBox(program: string, exe: RegExp): Promise<void> {
      const before = readFileSync(program);
      const result = await attackOn(async (pidNamespace) => {
        const id = lab.newId();
        const bundle = lab.bundle('true', ({ linux }) => {
          const own = linux.namespaces.find(({ type }) => type === 'pid') ?? assert.fail('a pid namespace');
          own.path = pidNamespace;
        });
        execFileSync(program, ['--root', join(lab.directory, 'root'), 'create', '--bundle', bundle, id], {
          stdio: 'ignore',
        });
        assert.match(readlinkSync(`/proc/${String(await pidOf(id))}/exe`), exe);
        return async () => assert.equal((await lab.box('delete', '--force', id)).code, 0);
      });
      assert.equal(result, 'refused');
      assert.ok(before.equals(readFileSync(program)));
    }

    it('is refused by the box, whose program is seen through an overlay without a directory for changes', async () => {
      await attackOnBox(nativeProgram('box'), /^\/tsstack-box/);
    });

    it('is refused by the box where there is no such overlay: its program is a sealed copy', async () => {
      const program = join(lab.directory, 'a:b/tsstack-box'); // no lower directory may be called that
      mkdirSync(join(lab.directory, 'a:b'));
      copyFileSync(nativeProgram('box'), program);
      chmodSync(program, 0o755);
      await attackOnBox(program, /^\/memfd:tsstack/);
    });
  });

  describe('CVE-2021-30465: exchanging the target of a mount', () => {
    function prepare(): { bundle: string; paths: readonly [string, string]; outside: string } {
      const outside = join(lab.directory, `outside-${lab.newId()}`);
      mkdirSync(outside);
      const bundle = lab.bundle('grep -c " /[^ ]*/deep tmpfs " /proc/mounts', (spec) => {
        spec.mounts.push({ destination: '/volume/target/deep', type: 'tmpfs', source: 'tmpfs' });
      });
      const volume = join(bundle, 'rootfs/volume');
      mkdirSync(join(volume, 'target'), { recursive: true });
      symlinkSync(outside, join(volume, 'link'));
      return { bundle, paths: [join(volume, 'target'), join(volume, 'link')], outside };
    }

    it('succeeds where somebody looks first and makes the target then', async () => {
      const { paths, outside } = prepare();
      await whileExchanging(paths, async () => {
        await until(() => {
          for (let i = 0; i < 1000; i++) makeUnlessLink(paths[0], 'deep');
          return Promise.resolve(existsSync(join(outside, 'deep')));
        }, Boolean);
      });
    });

    it('stays inside the root with the box', async () => {
      const { bundle, paths, outside } = prepare();
      let ran = 0;
      await whileExchanging(paths, async () => {
        for (let i = 0; i < rounds; i++) {
          const { code, stdout } = await run(bundle);
          if (code === 0) assert.equal(stdout, '1\n', 'mounted, and in its own root');
          ran += code === 0 ? 1 : 0;
        }
      });
      assert.ok(!existsSync(join(outside, 'deep')));
      assert.ok(ran > 0, 'the race must not keep the container from running');
    });
  });

  describe('CVE-2024-21626: a working directory outside', () => {
    const links = Array.from({ length: 12 }, (_, index) => `/proc/self/fd/${String(index + 3)}`);

    it('succeeds where a descriptor of the host is left open', () => {
      const root = join(lab.bundle('true'), 'rootfs');
      mkdirSync(join(root, 'proc'));
      const script =
        'mount -t proc proc "$1/proc"; exec 7< /; chroot "$1" /bin/sh -c "cd /proc/self/fd/7; ls"; umount "$1/proc"';
      assert.match(shell(script, root), /^boot$/m);
    });

    it('cannot be had from the box', async () => {
      for (const cwd of links) {
        const result = await lab.run('ls', (spec) => void (spec.process.cwd = cwd));
        assert.equal(result.code, 1, cwd);
      }
      const bundle = lab.bundle('ls', (spec) => void (spec.process.cwd = '/link'));
      for (const cwd of links) {
        const link = join(bundle, 'rootfs/link');
        rmSync(link, { force: true });
        symlinkSync(cwd, link);
        assert.equal((await run(bundle)).code, 1, cwd);
      }
    });

    it('cannot be had from an exec', async () => {
      const id = await lab.start('sleep 1000');
      for (const cwd of links) assert.equal((await lab.box('exec', '--cwd', cwd, id, 'ls')).code, 1, cwd);
      assert.equal((await lab.box('exec', '--cwd', '/etc', id, 'ls')).code, 0);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });
  });

  describe('CVE-2019-19921, CVE-2023-27561: /proc as a link to elsewhere', () => {
    function prepare(): { bundle: string; paths: readonly [string, string] } {
      const bundle = lab.bundle('test -e /proc/self/status && ! test -e /elsewhere/self && echo fine');
      const root = join(bundle, 'rootfs');
      mkdirSync(join(root, 'elsewhere'));
      mkdirSync(join(root, 'other'));
      symlinkSync('/elsewhere', join(root, 'proc'));
      return { bundle, paths: [join(root, 'proc'), join(root, 'other')] };
    }

    it('succeeds where mount finds its way by itself', () => {
      const root = join(prepare().bundle, 'rootfs');
      // As chroot would, so that the link is the image's.
      const script =
        'mount -t proc proc "$1/$(readlink "$1/proc")"; ls "$1/elsewhere/self/status"; umount "$1/elsewhere"';
      assert.match(shell(script, root), /elsewhere\/self\/status/);
    });

    it('is refused by the box, also when it comes and goes', async () => {
      const { bundle, paths } = prepare();
      assert.equal((await run(bundle)).code, 1);
      await whileExchanging(paths, async () => {
        for (let i = 0; i < rounds; i++) {
          const { code, stdout } = await run(bundle);
          if (code === 0) assert.equal(stdout, 'fine\n');
        }
      });
    });
  });

  describe('CVE-2025-31133: a false /dev/null in front of what is masked', () => {
    function prepare(): { bundle: string; root: string; paths: readonly [string, string] } {
      const bundle = lab.bundle('stat -c "%t:%T" /etc/masked; cat /etc/masked', (spec) => {
        withOwnDev(spec);
        spec.linux.maskedPaths = ['/etc/masked'];
      });
      const root = join(bundle, 'rootfs');
      writeFileSync(join(root, 'etc/masked'), 'masked');
      writeFileSync(join(root, 'etc/chosen'), 'chosen by the image');
      mkdirSync(join(root, 'dev'));
      symlinkSync(join(root, 'etc/chosen'), join(root, 'dev/null'));
      execFileSync('mknod', [join(root, 'dev/other'), 'c', '1', '3']);
      return { bundle, root, paths: [join(root, 'dev/null'), join(root, 'dev/other')] };
    }

    it('succeeds where the one of the container is used', () => {
      const { root } = prepare();
      const script = 'mount --bind "$1/dev/null" "$1/etc/masked"; cat "$1/etc/masked"; umount "$1/etc/masked"';
      assert.equal(shell(script, root), 'chosen by the image');
    });

    it('has no effect on the box, also when it comes and goes', async () => {
      const { bundle, paths } = prepare();
      assert.equal((await run(bundle)).stdout, '1:3\n');
      await whileExchanging(paths, async () => {
        for (let i = 0; i < rounds; i++) {
          const { code, stdout } = await run(bundle);
          if (code === 0) assert.equal(stdout, '1:3\n');
        }
      });
    });
  });

  describe('CVE-2025-52565: a console that leads elsewhere', () => {
    const withTerminal = (spec: BoxSpec): void => {
      spec.process.terminal = true;
      spec.mounts = spec.mounts.filter(({ destination }) => destination !== '/dev');
    };

    it('succeeds where mount follows the link', () => {
      const root = join(lab.bundle('true'), 'rootfs');
      writeFileSync(join(root, 'etc/target'), 'text');
      mkdirSync(join(root, 'dev'));
      symlinkSync(join(root, 'etc/target'), join(root, 'dev/console'));
      const script = 'mount --bind /dev/null "$1/dev/console"; wc -c < "$1/etc/target"; umount "$1/etc/target"';
      assert.equal(shell(script, root).trim(), '0');
    });

    it('is refused by the box', async () => {
      const bundle = lab.bundle('wc -c < /etc/target', withTerminal);
      const root = join(bundle, 'rootfs');
      writeFileSync(join(root, 'etc/target'), 'text');
      mkdirSync(join(root, 'dev'));
      symlinkSync('/etc/target', join(root, 'dev/console'));
      const result = await run(bundle);
      assert.equal(result.code, 1, result.stdout);
      assert.match(result.stderr, /\/dev\/console/);
      rmSync(join(root, 'dev/console'));
      assert.equal((await run(bundle)).stdout, '4\r\n');
    });

    it('cannot come from a false multiplexer of terminals', async () => {
      const source = join(lab.directory, 'pts');
      mkdirSync(source);
      writeFileSync(join(source, 'ptmx'), '');
      const result = await lab.run('tty', (spec) => {
        spec.process.terminal = true;
        const pts = spec.mounts.find(({ destination }) => destination === '/dev/pts') ?? assert.fail('/dev/pts');
        Object.assign(pts, { type: 'bind', source, options: ['bind'] });
      });
      assert.equal(result.code, 1);
      assert.match(result.stderr, /\/dev\/pts is no devpts/);
    });
  });

  describe('CVE-2025-52881: writes that a false /proc takes', () => {
    const withFalseProc = (spec: BoxSpec): void => {
      const proc = spec.mounts.find(({ destination }) => destination === '/proc') ?? assert.fail('/proc');
      Object.assign(proc, { type: 'tmpfs', source: 'tmpfs' });
      spec.linux.maskedPaths = [];
      spec.linux.readonlyPaths = [];
    };
    const score = async (id: string): Promise<string> =>
      readFileSync(`/proc/${String(await pidOf(id))}/oom_score_adj`, 'utf8').trim();

    it('are lost where they go by the path', async () => {
      const script = 'mkdir /proc/self; echo 321 > /proc/self/oom_score_adj; touch /written; sleep 1000';
      const id = lab.newId();
      const bundle = lab.bundle(script, withFalseProc);
      await lab.quiet('create', '--bundle', bundle, id);
      await lab.quiet('start', id);
      await until(() => Promise.resolve(existsSync(join(bundle, 'rootfs/written'))), Boolean);
      assert.notEqual(await score(id), '321');
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('reach the kernel from the box', async () => {
      const id = await lab.start('sleep 1000', (spec) => {
        withFalseProc(spec);
        spec.process['oomScoreAdj'] = 321;
        spec.linux['sysctl'] = { 'net.ipv4.ip_forward': '1' };
      });
      assert.equal(await score(id), '321');
      const network = `--net=/proc/${String(await pidOf(id))}/ns/net`;
      assert.equal(shell('nsenter "$1" cat /proc/sys/net/ipv4/ip_forward', network).trim(), '1');
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
    });

    it('are not made where the caller itself has a false /proc', async () => {
      const hiding = [
        'unshare',
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        'mount -t tmpfs tmpfs /proc; exec "$@"',
        'sh',
      ];
      const result = await lab.boxUnder(hiding, 'run', '--bundle', lab.bundle('true'), lab.newId());
      assert.equal(result.code, 1);
      assert.match(result.stderr, /the program's own file/);
    });

    it('cannot be redirected by mounts inside /proc', async () => {
      for (const destination of ['/proc/sys/kernel', '/proc/self/attr', '/proc/1/status', '/proc/self/../1/status']) {
        const result = await lab.run('true', (spec) => {
          spec.mounts.push({ destination, type: 'tmpfs', source: 'tmpfs' });
        });
        assert.equal(result.code, 1, destination);
      }
    });
  });

  describe('programs that belong to root and say so', () => {
    /** Users of the process that a set-uid program became. */
    async function users(change: (spec: BoxSpec) => void): Promise<string> {
      const source = join(lab.directory, `programs-${lab.newId()}`);
      mkdirSync(source);
      copyFileSync(join(import.meta.dirname, '../../native/build/tsstack-init'), join(source, 'raise'));
      execFileSync('chmod', ['4755', join(source, 'raise')]);
      assert.equal(statSync(join(source, 'raise')).uid, 0);
      const id = await lab.start('', (spec) => {
        spec.process.args = ['/programs/raise', '/bin/sleep', '1000'];
        spec.process.user = { uid: 1000, gid: 1000 };
        spec.process.noNewPrivileges = false;
        spec.mounts.push({ destination: '/programs', type: 'bind', source, options: ['bind'] });
        change(spec);
      });
      const status = readFileSync(`/proc/${String(await pidOf(id))}/status`, 'utf8');
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
      return /^Uid:\t(.*)$/m.exec(status)?.[1] ?? assert.fail(status);
    }
    const ofTheImage = '1000\t0\t0\t0';
    const ofTheUser = '1000\t1000\t1000\t1000';

    it('raise the rights of who runs them', async () => {
      assert.equal(await users(() => undefined), ofTheImage);
    });

    it('do not with no_new_privs', async () => {
      assert.equal(await users((spec) => void (spec.process.noNewPrivileges = true)), ofTheUser);
    });

    it('do not from a mount without set-uid', async () => {
      assert.equal(await users((spec) => void spec.mounts.at(-1)?.options?.push('nosuid')), ofTheUser);
    });
  });
});
