/** What a person does with an engine, done over the box. The same for each engine whose command line is like docker's. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { makeNative } from '../native-build.ts';
import { until } from '../test-host.ts';
import { runProgram, type ProgramResult } from '../run-program.ts';
import type { Engine } from './engine.ts';

const image = 'busybox:test';
/** Notes that it was asked to end, and ends with a code of its own. */
const worker = 'trap "echo ending; exit 5" TERM; touch /healthy; echo working; while :; do sleep 0.1; done';
const memoryEater = 'x=$(dd if=/dev/zero bs=1M count=64 2>/dev/null | tr "\\0" x); echo ${#x}';

/** Whether a line of /proc/PID/status has CAP_SYS_ADMIN. */
function mayAdminister(line: string): boolean {
  const administer = 21n;
  return ((BigInt(`0x${line.split('\t')[1] ?? ''}`) >> administer) & 1n) === 1n;
}

/** Declares the cases; `engine` gives the engine that a `before` has started. */
export function declareEngineCases(engine: () => Engine): void {
  const client = (...args: readonly string[]): Promise<ProgramResult> => engine().client(...args);
  let scratch = '';

  /** Output of a command that must succeed. */
  async function output(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await client(...args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }
  /** Runs a container to its end; options and command in one list, with the image between them. */
  const run = (options: readonly string[], ...command: readonly string[]): Promise<ProgramResult> =>
    client('run', '--rm', '--network', 'none', ...engine().runOptions, ...options, image, ...command);
  const shell = (options: readonly string[], script: string): Promise<ProgramResult> =>
    run(options, 'sh', '-c', script);
  /** What a container prints that must succeed. */
  async function printed(options: readonly string[], script: string): Promise<readonly string[]> {
    const { code, stdout, stderr } = await shell(options, script);
    assert.equal(code, 0, stderr);
    return stdout.trim().split('\n');
  }
  async function start(name: string, options: readonly string[], script: string): Promise<void> {
    const names = ['--name', name, '--network', 'none'];
    await output('run', '--detach', ...names, ...engine().runOptions, ...options, image, 'sh', '-c', script);
  }

  /** Starts one, which then has said so often that it works: from then on it takes signals, and /healthy is there. */
  async function startWorker(...options: readonly string[]): Promise<void> {
    await start('worker', options, worker);
    await hasSaid(1);
  }
  async function hasSaid(times: number): Promise<void> {
    await until(
      () => output('logs', 'worker'),
      (text) => text.split('working').length - 1 === times,
    );
  }

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'tsstack-engine-'));
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });
  afterEach('leaves nothing of containers that are gone', async () => {
    for (const name of ['worker', 'other']) await client('rm', '--force', name);
    // Podman's `run --rm` ends before its helper has removed the container.
    await until(
      () => Promise.resolve(engine().leftovers()),
      (left) => left.length === 0,
    );
  });

  describe('a container that runs to its end', () => {
    it("gives its output and its program's exit code", async () => {
      const { code, stdout, stderr } = await shell([], 'echo out; echo err >&2; exit 42');
      assert.deepEqual([code, stdout], [42, 'out\n']);
      assert.match(stderr, /^err$/m);
    });

    it('is told apart from one that could not be started: 127, 126, 125', async () => {
      const missing = await run([], 'nonesuch');
      assert.equal(missing.code, 127, missing.stderr);
      assert.match(missing.stderr, /exec "nonesuch": executable file not found/);
      assert.equal((await run([], '/bin/nonesuch')).code, 127);
      for (const path of ['/etc', '/etc/passwd']) {
        const refused = await run([], path);
        assert.equal(refused.code, 126, refused.stderr);
      }
      assert.equal((await run(['--no-such-option'], 'true')).code, 125);
    });

    it('has a terminal when asked', async () => {
      assert.deepEqual(await printed(['--tty'], 'tty; test -t 0 && test -t 1 && echo terminal'), [
        '/dev/pts/0\r',
        'terminal',
      ]);
      assert.equal((await run([], 'tty')).code, 1);
    });

    it('has the init of the engine as its first process when asked', async () => {
      assert.match((await printed(['--init'], 'cat /proc/1/comm')).join(), /init/);
      assert.deepEqual(await printed([], 'cat /proc/1/comm; true'), ['sh']);
    });
  });

  describe('a container that stays', () => {
    it('is entered, listed, copied into, read and ended', async () => {
      await startWorker();
      const inside = await client('exec', 'worker', 'sh', '-c', 'ls /healthy; exit 7');
      assert.deepEqual([inside.code, inside.stdout], [7, '/healthy\n']);
      assert.equal(await output('exec', '--tty', 'worker', 'sh', '-c', 'test -t 1 && tty'), '/dev/pts/0');
      const asOther = ['exec', '--user', '12:13', '--workdir', '/etc', '--env', 'A=b', 'worker'];
      assert.equal(await output(...asOther, 'sh', '-c', 'echo $(id -u) $(id -g) $(pwd) $A'), '12 13 /etc b');
      assert.equal((await client('exec', 'worker', 'nonesuch')).code, engine().missingInExec);
      assert.equal((await client('exec', 'worker', '/etc')).code, 126);
      assert.match(await output('top', 'worker'), /sleep 0.1/);
      writeFileSync(join(scratch, 'file'), 'copied');
      await output('cp', join(scratch, 'file'), 'worker:/file');
      assert.equal(await output('exec', 'worker', 'cat', '/file'), 'copied');
      await output('cp', 'worker:/etc/passwd', join(scratch, 'passwd'));
      assert.match(readFileSync(join(scratch, 'passwd'), 'utf8'), /^root:/);
      await output('stop', 'worker');
      assert.equal(await output('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'worker'), 'exited 5');
      assert.equal(await output('logs', 'worker'), 'working\nending');
    });

    it('is started again, and killed', async () => {
      await startWorker();
      await output('restart', '--time', '5', 'worker');
      await hasSaid(2);
      await output('kill', 'worker');
      assert.equal(await output('wait', 'worker'), '137');
      await output('start', 'worker');
      await hasSaid(3);
      await output('kill', '--signal', 'TERM', 'worker');
      assert.equal(await output('wait', 'worker'), '5');
      assert.match(await output('logs', 'worker'), /^working\nending\nworking\nworking\nending$/);
    });

    it('is paused, which keeps others out, and resumed', async () => {
      await start('worker', [], worker);
      await output('pause', 'worker');
      assert.equal(await output('inspect', '--format', '{{.State.Status}}', 'worker'), 'paused');
      assert.notEqual((await client('exec', 'worker', 'true')).code, 0);
      await output('unpause', 'worker');
      assert.equal(await output('exec', 'worker', 'echo', 'again'), 'again');
    });

    it('shares its namespaces with another', async () => {
      await start('worker', ['--ipc', 'shareable'], worker);
      const join = ['--pid', 'container:worker', '--ipc', 'container:worker', '--network', 'container:worker'];
      const look = 'readlink /proc/self/ns/net; cat /proc/1/cmdline';
      const { stdout } = await client('run', '--rm', ...join, ...engine().runOptions, image, 'sh', '-c', look);
      assert.ok(stdout.startsWith(await output('exec', 'worker', 'readlink', '/proc/self/ns/net')), stdout);
      assert.match(stdout, /touch \/healthy/);
    });
  });

  describe('limits', () => {
    const memoryFile = '/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max';

    it('of memory are those asked for, and can be changed', async () => {
      await start('worker', ['--memory', '32m'], worker);
      const read = (): Promise<string> => output('exec', 'worker', 'sh', '-c', `cat ${memoryFile} 2>/dev/null || true`);
      assert.equal(await read(), String(32 << 20));
      await output('update', '--memory', '64m', '--memory-swap', '64m', 'worker');
      assert.equal(await read(), String(64 << 20));
    });

    it('of memory kill what goes beyond them', async () => {
      await start('worker', ['--memory', '16m'], memoryEater);
      await start('other', [], memoryEater);
      assert.deepEqual([await output('wait', 'worker'), await output('wait', 'other')], ['137', '0']);
      const killed = await engine().oomKilled?.('worker');
      assert.deepEqual(killed ?? ['worker'], ['worker']);
    });

    it('of processes, files and time are those asked for', async () => {
      const script = 'for i in 1 2 3 4 5 6; do sleep 1 & done; echo all';
      assert.doesNotMatch((await shell(['--pids-limit', '5'], script)).stdout, /all/);
      assert.match((await shell(['--pids-limit', '50'], script)).stdout, /all/);
      const options = ['--ulimit', 'nofile=77:99', '--ulimit', 'core=0', '--oom-score-adj', '500'];
      assert.deepEqual(await printed(options, 'ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj'), [
        '77',
        '99',
        '0',
        '500',
      ]);
    });
  });

  describe('rights', () => {
    const look =
      'id -u; id -G; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; touch /x 2>/dev/null && echo writable';

    it('are those asked for', async () => {
      const user = ['--user', '1000:1001', '--group-add', '7', '--cap-drop', 'ALL'];
      const restrictions = ['--security-opt', 'no-new-privileges', '--read-only'];
      assert.equal(
        (await shell([...user, ...restrictions], look)).stdout.replaceAll(/\s+/g, ' ').trim(),
        '1000 1001 7 CapEff: 0000000000000000 NoNewPrivs: 1',
      );
      const normal = (await printed([], look)).join(' ').replaceAll(/\s+/g, ' ');
      assert.match(normal, /^0 .* NoNewPrivs: 0 writable$/);
      assert.doesNotMatch(normal, /CapEff: 0+ /);
      assert.deepEqual(await printed(['--cap-drop', 'ALL', '--cap-add', 'CHOWN'], 'grep CapEff /proc/self/status'), [
        'CapEff:\t0000000000000001',
      ]);
    });

    it('follow a seccomp profile', async () => {
      const profile = join(scratch, 'profile.json');
      const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 };
      writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
      const option = (value: string): readonly string[] => ['--security-opt', `seccomp=${value}`];
      assert.match((await shell(option(profile), 'mkdir /made')).stderr, /No space left/);
      const filters = 'mkdir /made && grep Seccomp: /proc/self/status';
      assert.deepEqual(await printed([], filters), ['Seccomp:\t2']);
      assert.deepEqual(await printed(option('unconfined'), filters), ['Seccomp:\t0']);
    });

    it('follow the profile of the engine as libseccomp has it', async () => {
      await start('worker', [], worker);
      const [spec = assert.fail('no spec')] = engine().specs();
      // For all system calls and many arguments, the same as what libseccomp makes of it.
      const { code, stdout, stderr } = await runProgram(join(makeNative('tests'), 'tests/box-seccomp'), [spec]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^box-seccomp: \d+ passed, 0 failed$/m);
    });

    it('are all there in a privileged container', async () => {
      const look = 'grep -E "CapEff|Seccomp:" /proc/self/status';
      const [all = '', filter] = await printed(['--privileged'], look);
      const [few = ''] = await printed([], look);
      assert.deepEqual([mayAdminister(all), mayAdminister(few), filter], [true, false, 'Seccomp:\t0']);
    });
  });

  describe('file system and names', () => {
    it('are as asked for', async () => {
      writeFileSync(join(scratch, 'data'), 'text');
      const mounts = ['--tmpfs', '/t:size=1m,mode=1777', '--volume', `${scratch}:/data:ro`, '--shm-size', '2m'];
      const names = ['--hostname', 'elsewhere', '--sysctl', 'net.ipv4.ip_forward=1', '--device', '/dev/zero:/dev/mine'];
      const script = `stat -c %a /t; grep -c "^tmpfs /t .*size=1024k" /proc/mounts; cat /data/data; echo
        touch /data/x 2>/dev/null || echo read-only; df -k /dev/shm | awk 'END { print $2 }'; hostname
        cat /proc/sys/net/ipv4/ip_forward; head -c 3 /dev/mine | wc -c`;
      const expected = ['1777', '1', 'text', 'read-only', '2048', 'elsewhere', '1', '3'];
      assert.deepEqual(await printed([...mounts, ...names], script), expected);
    });

    it('are the host’s where asked', async () => {
      const own = await printed([], 'readlink /proc/self/ns/pid; readlink /proc/self/ns/uts');
      const shared = await printed(
        ['--pid', 'host', '--uts', 'host'],
        'readlink /proc/self/ns/pid; readlink /proc/self/ns/uts',
      );
      assert.notDeepEqual(own, shared);
    });
  });
}
