import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';
import type { ProgramResult } from '../support/run-program.ts';
import { nativeProgram } from '../support/native-build.ts';
import { until } from '../support/test-host.ts';

interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  readonly owner: string;
}

/** Words that start with two dashes at the start of a line of a help text. */
const optionsOf = (help: string): string[] => [...help.matchAll(/^ +--([a-z0-9-]+)/gm)].map((match) => match[1] ?? '');

describe('tsstack-box command line', () => {
  let lab: BoxLab;

  before(() => {
    lab = new BoxLab();
  });

  after(async () => {
    await lab.dispose();
  });

  async function printed(...args: readonly string[]): Promise<string> {
    const result = await lab.box(...args);
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  }

  const state = async (id: string): Promise<State> => JSON.parse(await printed('state', id)) as State;
  const remove = async (id: string): Promise<void> => void (await printed('delete', '--force', id));

  describe('compared with runc', () => {
    /** Checkpoints need another program, which no engine of ours asks for; help is an option. */
    const commandsWithout = new Set(['checkpoint', 'restore', 'help']);
    /** What belongs to them, and to hardware that the tests have not got. */
    const optionsWithout = new Set(['criu', 'l3-cache-schema', 'mem-bw-schema']);
    const runc = (...args: readonly string[]): string => execFileSync('runc', args, { encoding: 'utf8' });

    it('has its commands and its options before them', async () => {
      const help = await printed('--help');
      const theirs = [...runc('--help').matchAll(/^ {3}([a-z]+)(?:, [a-z])? {2}/gm)].map((match) => match[1] ?? '');
      const commands = theirs.filter((command) => !commandsWithout.has(command));
      assert.ok(commands.length >= 15, commands.join());
      for (const command of commands) assert.match(help, new RegExp(`^  ${command} `, 'm'));
      const options = optionsOf(runc('--help')).filter((option) => !optionsWithout.has(option));
      assert.ok(options.length >= 6, options.join());
      for (const option of options) assert.ok(optionsOf(help).includes(option), option);
    });

    for (const command of 'create run exec kill delete list ps update events spec state start pause resume'.split(
      ' ',
    )) {
      it(`${command}: takes its options`, async () => {
        const ours = optionsOf(await printed(command, '--help'));
        const theirs = optionsOf(runc(command, '--help')).filter((option) => !optionsWithout.has(option));
        assert.deepEqual(
          theirs.filter((option) => !ours.includes(option)),
          [],
        );
      });
    }
  });

  describe('errors', () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [['fly'], /unknown command fly/],
      [['checkpoint', 'x'], /checkpoint is not supported: there are no checkpoints/],
      [['--fly', 'list'], /unknown option --fly$/m],
      [['state', '--detach', 'x'], /unknown option --detach of state/],
      [['list', '--force'], /unknown option --force of list/],
      [['state'], /usage: tsstack-box state ID/],
      [['state', 'a', 'b'], /usage: tsstack-box state ID/],
      [['state', '../x'], /container id "\.\.\/x": only letters/],
      [['state', 'nobody'], /container nobody does not exist/],
      [['--root', '', 'list'], /--root: expected a directory/],
      [['--root', '/dev/null', 'list'], /--root: list the containers in \/dev\/null: Not a directory/],
      [['kill', 'nobody', 'FLY'], /unknown signal FLY/],
      [['list', '--format', 'xml'], /--format: expected table or json, not xml/],
      [['--log-format', 'xml', 'list'], /--log-format: expected text or json, not xml/],
      [['--log', '/no/such/log', 'list'], /--log: open \/no\/such\/log: No such file/],
      [['--systemd-cgroup', 'create', 'x'], /--systemd-cgroup is not supported: use the cgroupfs driver/],
      [['--rootless', 'true', 'create', 'x'], /--rootless is not supported: run as root/],
      [['create', '--no-pivot', 'x'], /--no-pivot is not supported/],
      [['spec', '--rootless'], /--rootless is not supported/],
      [['create', '--bundle', '/no/such', 'x'], /open the bundle \/no\/such: No such file/],
      [['create', '--bundle'], /--bundle needs a value/],
      [['events', '--interval', 'soon', 'x'], /--interval: soon is no duration/],
      [['exec', 'nobody', 'true'], /container nobody does not exist/],
    ];
    for (const [args, expected] of cases) {
      it(`${args.join(' ')}: says what is wrong`, async () => {
        const result = await lab.box(...args);
        assert.equal(result.code, 1);
        assert.match(result.stderr, expected);
        assert.equal(result.stdout, '');
      });
    }
  });

  describe('log', () => {
    async function logged(format: string, ...args: readonly string[]): Promise<string> {
      const log = join(lab.directory, `log-${format}`);
      await lab.box('--log', log, '--log-format', format, ...args);
      const text = readFileSync(log, 'utf8');
      rmSync(log);
      return text;
    }

    it('is lines of JSON or of text, for machines and people', async () => {
      const line = JSON.parse(await logged('json', 'state', 'no"body')) as Record<string, string>;
      assert.equal(line['level'], 'error');
      assert.match(line['msg'] ?? '', /^container id "no"body"/);
      assert.ok(!Number.isNaN(Date.parse(line['time'] ?? '')));
      assert.match(
        await logged('text', 'state', 'no"body'),
        /^time="[^"]+Z" level=error msg="container id \\"no\\"body/,
      );
    });

    it('has more with --debug', async () => {
      const lines = (await logged('json', '--debug', 'state', 'nobody')).trim().split('\n');
      assert.deepEqual(
        lines.map((line) => (JSON.parse(line) as { level: string }).level),
        ['debug', 'error'],
      );
    });
  });

  it('keeps warnings out of what a container prints where there is a log for them', async () => {
    const bundle = lab.bundle('echo printed >&2', (spec) => {
      spec.process.capabilities = { bounding: ['CAP_FLY'] };
    });
    const log = join(lab.directory, 'warnings');
    const result = await lab.box('--log', log, 'run', '--bundle', bundle, lab.newId());
    assert.equal(result.stderr, 'printed\n');
    assert.match(readFileSync(log, 'utf8'), /level=warning msg="process\.capabilities: CAP_FLY/);
  });

  describe('spec', () => {
    it('writes an example that runs, and overwrites none', async () => {
      const bundle = lab.bundle('');
      rmSync(join(bundle, 'config.json'));
      await printed('spec', '--bundle', bundle);
      const path = join(bundle, 'config.json');
      const spec = JSON.parse(readFileSync(path, 'utf8')) as BoxSpec;
      spec.process.terminal = false;
      spec.process.args = ['sh', '-c', 'hostname; id -u'];
      assert.match((await lab.box('spec', '--bundle', bundle)).stderr, /it exists already/);
      writeFileSync(path, JSON.stringify(spec));
      const result = await lab.box('run', '--bundle', bundle, lab.newId());
      assert.equal(result.stdout, 'box\n0\n', result.stderr);
    });
  });

  describe('features', () => {
    it('is the document of the specification, true of this program and this host', async () => {
      const features = JSON.parse(await printed('features')) as {
        ociVersionMin: string;
        hooks: string[];
        linux: { namespaces: string[]; cgroup: Record<string, boolean>; seccomp: Record<string, unknown> };
        annotations: Record<string, string>;
      };
      assert.equal(features.ociVersionMin, '1.0.0');
      assert.equal(features.hooks.length, 6);
      assert.ok(['user', 'time', 'pid'].every((name) => features.linux.namespaces.includes(name)));
      assert.deepEqual(features.linux.cgroup, { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true });
      assert.ok((features.linux.seccomp['supportedFlags'] as string[]).includes('SECCOMP_FILTER_FLAG_LOG'));
      const missing = features.annotations['org.tsstack.box.host.missing-capabilities'] ?? 'none';
      const effective = /CapEff:\s*([0-9a-f]+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
      const resource = 24n;
      const hasResource = ((BigInt(`0x${effective}`) >> resource) & 1n) === 1n;
      assert.equal(!missing.split(',').includes('CAP_SYS_RESOURCE'), hasResource);
    });
  });

  describe('state, list and ps', () => {
    it('tell the same of a container', async () => {
      const id = await lab.start('sleep 1000 & sleep 1001');
      const seen = await state(id);
      assert.equal(seen.status, 'running');
      assert.equal(seen.owner, 'root');
      assert.equal(seen.rootfs, join(seen.bundle, 'rootfs'));
      assert.ok(existsSync(`/proc/${String(seen.pid)}`));
      const list = JSON.parse(await printed('list', '--format', 'json')) as State[];
      assert.deepEqual(list, [seen]);
      assert.equal(await printed('list', '-q'), `${id}\n`);
      const [header, row = ''] = (await printed('list', '-f', 'table')).split('\n');
      assert.match(header ?? '', /^ID +PID +STATUS +BUNDLE +CREATED +OWNER$/);
      assert.deepEqual(row.split(/ +/), [id, String(seen.pid), 'running', seen.bundle, seen.created, 'root']);
      await remove(id);
      assert.deepEqual(JSON.parse(await printed('list', '--format', 'json')), []);
    });

    it('show the processes of the container and no others', async () => {
      const id = await lab.start('sleep 1000 & sleep 1001');
      const found = await until(
        async () => JSON.parse(await printed('ps', '--format', 'json', id)) as number[],
        ({ length }) => length === 2,
      );
      const pids = found.toSorted((a, b) => a - b);
      for (const options of [[], ['aux'], ['-e', '-o', 'user,pid,args'], ['-eo', 'pid,comm']]) {
        const [header = '', ...rows] = (await printed('ps', id, ...options)).trim().split('\n');
        const column = header.trim().split(/\s+/).indexOf('PID');
        const shown = rows.map((row) => Number(row.trim().split(/\s+/)[column]));
        assert.deepEqual(
          shown.toSorted((a, b) => a - b),
          pids,
          header,
        );
      }
      assert.match((await lab.box('ps', id, '-o', 'comm')).stderr, /its output has no column PID/);
      await remove(id);
    });

    it('follow the container through its life', async () => {
      const id = lab.newId();
      await lab.quiet('create', '--bundle', lab.bundle('sleep 1000'), id);
      assert.equal((await state(id)).status, 'created');
      assert.match((await lab.box('create', '--bundle', lab.bundle('true'), id)).stderr, /already exists/);
      await lab.quiet('start', id);
      assert.match((await lab.box('start', id)).stderr, /it is running/);
      await printed('pause', id);
      assert.equal((await state(id)).status, 'paused');
      await printed('resume', id);
      assert.match((await lab.box('delete', id)).stderr, /it is running/);
      await remove(id);
      await remove(id);
      assert.equal((await lab.box('delete', id)).code, 1);
    });

    it('list says which container it cannot read', async () => {
      const id = await lab.start('sleep 1000');
      const record = join(lab.directory, 'root', id, 'state.json');
      const text = readFileSync(record, 'utf8');
      writeFileSync(record, text.slice(0, 20));
      const { code, stdout, stderr } = await lab.box('list', '-q');
      assert.deepEqual([code, stdout.includes(id)], [0, false]);
      assert.match(stderr, /warning: .*state\.json:1:/);
      writeFileSync(record, text);
      assert.ok((await printed('list', '-q')).includes(id));
      await remove(id);
    });

    it('events prints what is used', async () => {
      const id = await lab.start('sleep 1000');
      const event = JSON.parse(await printed('events', '--stats', id)) as {
        type: string;
        id: string;
        data: { pids: { current: number }; memory: { usage: { usage: number } } };
      };
      assert.deepEqual([event.type, event.id, event.data.pids.current], ['stats', id, 1]);
      assert.ok(event.data.memory.usage.usage > 0);
      await remove(id);
    });
  });

  describe('exec', () => {
    let id: string;

    before(async () => {
      id = await lab.start('sleep 1000', (spec) => {
        for (const mount of spec.mounts) if (mount.type === 'cgroup') mount.options = ['rw'];
        spec.process['oomScoreAdj'] = 123;
        spec.process['rlimits'] = [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 99 }];
      });
    });

    after(async () => {
      await remove(id);
    });

    const exec = (...args: readonly string[]): Promise<ProgramResult> => lab.box('exec', ...args);
    async function output(...args: readonly string[]): Promise<string> {
      const result = await exec(...args);
      assert.equal(result.code, 0, result.stderr);
      return result.stdout.trim();
    }

    it('takes user, groups, directory, environment and capabilities', async () => {
      const script = 'id -u; id -g; id -G; pwd; echo $A $B; grep -e CapEff -e CapInh -e NoNew /proc/self/status';
      const options = [
        '-u',
        '12:13',
        '-g',
        '14',
        '--additional-gids',
        '15',
        '--cwd',
        '/etc',
        '-e',
        'A=a',
        '--env',
        'B=b',
      ];
      const [uid, gid, groups, cwd, env] = (await output(...options, id, 'sh', '-c', script)).split('\n');
      assert.deepEqual([uid, gid, groups, cwd, env], ['12', '13', '13 14 15', '/etc', 'a b']);
      const rights = await output('--cap', 'CAP_SYS_TIME', id, 'sh', '-c', script);
      assert.match(rights, /CapInh:\t0+\n/);
      assert.match(rights, /CapEff:\t000000000a0000a1/);
      assert.match(await output(id, 'sh', '-c', script), /CapEff:\t00000000080000a1/);
    });

    it('reads the process from a file, with a terminal when asked', async () => {
      const path = join(lab.directory, 'process.json');
      const user = { uid: 5, gid: 6 };
      writeFileSync(
        path,
        JSON.stringify({ args: ['sh', '-c', 'id -u; test -t 0 && echo tty'], cwd: '/', user, env: ['PATH=/bin'] }),
      );
      assert.equal((await exec('--process', path, id)).stdout, '5\n');
      assert.equal((await exec('-t', '-p', path, id)).stdout, '5\r\ntty\r\n');
      for (const more of [
        [id, 'true'],
        ['--user', '7', id],
        ['--env', 'A=b', id],
        ['--no-new-privs', id],
      ])
        assert.match((await exec('--process', path, ...more)).stderr, /--process names the whole process/);
      writeFileSync(path, '{"args":[]}');
      assert.match((await exec('--process', path, id)).stderr, /process\.args: expected at least one argument/);
    });

    it('gives a process from a file what it says nothing of as the container has it', async () => {
      const path = join(lab.directory, 'sparse.json');
      const script = 'cat /proc/self/oom_score_adj; ulimit -n';
      const base = { args: ['sh', '-c', script], cwd: '/', env: ['PATH=/bin'] };
      writeFileSync(path, JSON.stringify(base));
      assert.equal(await output('--process', path, id), '123\n99');
      writeFileSync(path, JSON.stringify({ ...base, oomScoreAdj: 456 }));
      assert.equal(await output('--process', path, id), '456\n99');
    });

    it('leaves no process of which nobody can be told', async () => {
      const failed = await exec('--detach', '--pid-file', '/no/such/pid', id, 'sleep', '501');
      assert.match(failed.stderr, /write \/no\/such\/pid: No such file/);
      assert.doesNotMatch(await output(id, 'ps'), /501/);
    });

    it('passes any amount through a terminal in both directions at once', async () => {
      const size = 300_000;
      const script = `stty raw -echo; echo go; head -c ${String(size)}`;
      const program = spawn(nativeProgram('box'), [
        '--root',
        join(lab.directory, 'root'),
        'exec',
        '-t',
        id,
        'sh',
        '-c',
        script,
      ]);
      const chunks: string[] = [];
      program.stdout.on('data', (chunk: Buffer) => {
        // What comes earlier would be echoed, and cut off where the terminal has a full line.
        if (chunks.length === 0) program.stdin.end('y'.repeat(size));
        chunks.push(chunk.toString());
      });
      // Its exit may be known before its last output has been read.
      assert.deepEqual(await once(program, 'close'), [0, null]);
      assert.equal(chunks.join('').replace('go\n', '').length, size);
    });

    it('detached leaves the process behind, its number in --pid-file', async () => {
      const pidFile = join(lab.directory, 'pid');
      await lab.quiet('exec', '--detach', '--pid-file', pidFile, id, 'sleep', '500');
      const pid = readFileSync(pidFile, 'utf8');
      assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^sleep\x00500/);
      assert.match((await exec('--detach', '--tty', id, 'true')).stderr, /--console-socket is needed/);
    });

    it('hands descriptors on: those of --preserve-fds and those of socket activation', async () => {
      const script = 'ls /proc/self/fd | wc -l; echo ${LISTEN_FDS-none} ${LISTEN_PID-none}';
      const open = ['sh', '-c', 'exec 3</dev/null 4</dev/null 5</dev/null; exec "$0" "$@"'];
      const seen = async (prefix: readonly string[], ...options: readonly string[]): Promise<string[]> =>
        (await lab.boxUnder(prefix, 'exec', ...options, id, 'sh', '-c', script)).stdout.trim().split('\n');
      // 0 to 2, and the directory that ls reads.
      assert.deepEqual(await seen(open), ['4', 'none none']);
      assert.deepEqual(await seen(open, '--preserve-fds', '2'), ['6', 'none none']);
      assert.deepEqual(await seen(['env', 'LISTEN_FDS=1', ...open], '--preserve-fds', '2'), ['7', '1 1']);
      assert.match((await exec('--preserve-fds', '-1', id, 'true')).stderr, /--preserve-fds: expected 0 to 1024/);
    });

    it('enters a cgroup below the container’s own', async () => {
      await output(
        id,
        'mkdir',
        existsSync('/sys/fs/cgroup/pids') ? '/sys/fs/cgroup/pids/inner' : '/sys/fs/cgroup/inner',
      );
      const cgroups = await output(
        '--cgroup',
        existsSync('/sys/fs/cgroup/pids') ? 'pids:inner' : 'inner',
        id,
        'cat',
        '/proc/self/cgroup',
      );
      assert.match(cgroups, /(pids|0:):\/inner$/m);
      assert.match((await exec('--cgroup', 'nosuch', id, 'true')).stderr, /enter the cgroup .*nosuch: No such file/);
      assert.match((await exec('--cgroup', '../..', id, 'true')).stderr, /leads out of its parent/);
    });

    it('waits in a paused container only when asked', async () => {
      await printed('pause', id);
      assert.match((await exec(id, 'true')).stderr, /it is paused/);
      const waiting = exec('--ignore-paused', id, 'echo', 'thawed');
      await printed('resume', id);
      assert.equal((await waiting).stdout, 'thawed\n');
    });

    it('refuses labels that this host cannot give', async () => {
      if (!existsSync('/sys/kernel/security/apparmor'))
        assert.match((await exec('--apparmor', 'x', id, 'true')).stderr, /process\.apparmorProfile: this host has no/);
      if (!existsSync('/sys/fs/selinux'))
        assert.match(
          (await exec('--process-label', 'x', id, 'true')).stderr,
          /process\.selinuxLabel: this host has no/,
        );
    });
  });

  describe('run', () => {
    it('--keep leaves the ended container, with its pid file', async () => {
      const id = lab.newId();
      const pidFile = join(lab.directory, 'kept');
      const result = await lab.box('run', '--keep', '--pid-file', pidFile, '--bundle', lab.bundle('exit 9'), id);
      assert.equal(result.code, 9);
      assert.deepEqual([(await state(id)).status, (await state(id)).pid], ['stopped', 0]);
      assert.match(readFileSync(pidFile, 'utf8'), /^\d+$/);
      for (const command of ['kill', 'start', 'pause', 'events'])
        assert.match((await lab.box(command, id)).stderr, /not running|it is stopped/);
      await printed('delete', id);
    });

    it('--no-new-keyring keeps the keys of the caller’s session, otherwise there is a new one', async () => {
      const own = async (...options: string[]): Promise<string> => {
        const id = lab.newId();
        const bundle = lab.bundle('grep -c "$0" /proc/keys', (spec) => void spec.process.args.push(id));
        return (await lab.box('run', ...options, '--bundle', bundle, id)).stdout;
      };
      assert.equal(await own(), '1\n');
      assert.equal(await own('--no-new-keyring'), '0\n');
    });

    it('deletes what a killed create has left', async () => {
      const id = lab.newId();
      mkdirSync(join(lab.directory, 'root', id), { recursive: true });
      assert.equal((await lab.box('delete', id)).code, 1);
      await remove(id);
      assert.ok(!existsSync(join(lab.directory, 'root', id)));
    });
  });

  afterEach('leaves no more cgroups than containers', () => {
    const names = new Set(lab.leftCgroups().map((path) => path.split('/').find((part) => part.startsWith('lab'))));
    assert.deepEqual([...names].toSorted(), lab.leftRecords().toSorted());
  });
});
