import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';
import { isRunning } from '../support/host-processes.ts';
import { eventually } from '../support/shim-lab.ts';

interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}

const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;
type Kind = (typeof kinds)[number];
type Hooks = Partial<Record<Kind, Hook[]>>;

/** A shell hook; those of startContainer find the shell in the container. */
const sh = (script: string, ...args: string[]): Hook => ({
  path: '/bin/sh',
  args: ['sh', '-c', script, ...args],
  env: ['PATH=/usr/bin:/bin'],
});

const withHooks = (hooks: Hooks) => (spec: BoxSpec) => void (spec['hooks'] = hooks);

describe('tsstack-box hooks', () => {
  let lab: BoxLab;
  let log: string;

  before(() => {
    lab = new BoxLab();
    log = join(lab.directory, 'log');
  });

  beforeEach(() => {
    writeFileSync(log, '');
  });

  after(async () => {
    await lab.dispose();
  });

  const lines = (): string[] => readFileSync(log, 'utf8').trim().split('\n');

  /** One hook of each kind that appends what SCRIPT prints to the log; startContainer writes to /log of the container. */
  const everyKind = (script: string): Hooks =>
    Object.fromEntries(
      kinds.map((kind) => [kind, [sh(`(${script}) >> ${kind === 'startContainer' ? '/log' : log}`, kind)]]),
    );

  it('run in the order of the spec, those of one kind in the order of the list', async () => {
    const hooks = everyKind('echo $0');
    hooks.prestart?.push(sh(`echo second >> ${log}`));
    const result = await lab.run('cat /log; echo program', withHooks(hooks));
    assert.equal(result.stdout, 'startContainer\nprogram\n', result.stderr);
    assert.deepEqual(lines(), ['prestart', 'second', 'createRuntime', 'createContainer', 'poststart', 'poststop']);
  });

  it('run in the namespaces that the spec gives them', async () => {
    const script = 'echo $0 $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/net)';
    const result = await lab.run('cat /log; echo $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/net)', (spec) =>
      withHooks(everyKind(script))(spec),
    );
    const [start, own] = result.stdout.trim().split('\n');
    const host = `${readlinkSync('/proc/self/ns/mnt')} ${readlinkSync('/proc/self/ns/net')}`;
    assert.notEqual(own, host);
    assert.equal(start, `startContainer ${String(own)}`, result.stderr);
    assert.deepEqual(lines(), [
      `prestart ${host}`,
      `createRuntime ${host}`,
      `createContainer ${String(own)}`,
      `poststart ${host}`,
      `poststop ${host}`,
    ]);
  });

  it('read the state of the container from standard input', async () => {
    const id = lab.newId();
    const bundle = lab.bundle('cat /log', (spec) => {
      spec['annotations'] = { 'org.example.key': 'value' };
      withHooks(everyKind('cat; echo'))(spec);
    });
    const result = await lab.box('run', '--bundle', bundle, '--pid-file', join(bundle, 'pid'), id);
    const pid = Number(readFileSync(join(bundle, 'pid'), 'utf8'));
    const state = (status: string, seen?: number): Record<string, unknown> => ({
      ociVersion: '1.2.0',
      id,
      status,
      bundle,
      ...(seen === undefined ? {} : { pid: seen }),
      annotations: { 'org.example.key': 'value' },
    });
    assert.deepEqual(JSON.parse(result.stdout), state('created', 1));
    assert.deepEqual(
      lines().map((line): unknown => JSON.parse(line)),
      [state('creating', pid), state('creating', pid), state('creating', 1), state('running', pid), state('stopped')],
    );
  });

  it('get their own arguments and environment, and none of our descriptors', async () => {
    const script = `{ printf '%s,' "$0" "$@"; env | grep -v -e PWD -e SHLVL -e _= | sort; ls /proc/self/fd | wc -l; } >> ${log}`;
    const hook = { ...sh(script, 'zero', 'a b', ''), env: ['KEY=value', 'OTHER='] };
    assert.equal((await lab.run('true', withHooks({ createContainer: [hook] }))).code, 0);
    // 0 to 2, and the directory that ls reads.
    assert.deepEqual(lines(), ['zero,a b,,KEY=value', 'OTHER=', '4']);
  });

  it('without arguments get their path as the only one, and no environment', async () => {
    const path = join(lab.directory, 'alone');
    writeFileSync(path, `#!/bin/sh\necho "$0 $#" "$(tr '\\0' '\\n' < /proc/$$/environ | wc -l)" >> ${log}\n`, {
      mode: 0o755,
    });
    assert.equal((await lab.run('true', withHooks({ poststart: [{ path }] }))).code, 0);
    assert.deepEqual(lines(), [`${path} 0 0`]);
  });

  it('of createContainer find the root with its mounts where the bundle has it, and can add to it', async () => {
    const bundle = lab.bundle('cat /from-hook/file; ls /', (spec) => {
      spec.mounts.push({ destination: '/from-hook', type: 'tmpfs', source: 'tmpfs' });
    });
    const configured = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as BoxSpec;
    withHooks({ createContainer: [sh(`echo text > ${bundle}/rootfs/from-hook/file`)] })(configured);
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(configured));
    const result = await lab.box('run', '--bundle', bundle, lab.newId());
    assert.match(result.stdout, /^text\n/, result.stderr);
    assert.ok(!existsSync(join(bundle, 'rootfs/from-hook/file')));
  });

  it('of startContainer have the user, limits, rights and filter of the program', async () => {
    const describe = 'id; grep -e Cap -e Seccomp: -e NoNew /proc/self/status; ulimit -n';
    const result = await lab.run(`cat /log/it; ${describe}`, (spec) => {
      spec.mounts.push({ destination: '/log', type: 'tmpfs', source: 'tmpfs', options: ['mode=777'] });
      spec.process.user = { uid: 1000, gid: 1000 };
      spec.process['rlimits'] = [{ type: 'RLIMIT_NOFILE', soft: 60, hard: 60 }];
      spec.linux['seccomp'] = {
        defaultAction: 'SCMP_ACT_ALLOW',
        // What waits for the hook is no part of the container yet, and not under its filter.
        syscalls: [{ names: ['memfd_create', 'clone3', 'waitid'], action: 'SCMP_ACT_KILL_PROCESS' }],
      };
      withHooks({ startContainer: [sh(`(${describe}) > /log/it`)] })(spec);
    });
    const seen = result.stdout.trim().split('\n');
    assert.equal(seen.length % 2, 0, result.stderr);
    assert.match(result.stdout, /uid=1000[^]*Seccomp:\s2[^]*\n60\n/);
    assert.deepEqual(seen.slice(0, seen.length / 2), seen.slice(seen.length / 2));
  });

  it('of the container are in its user namespace, the others in that of the caller', async () => {
    const map = [{ containerID: 0, hostID: 300_000, size: 65_536 }];
    const say = sh('echo $(id -u) $(readlink /proc/self/ns/user) >&2; exit 1');
    const saidBy = async (kind: Kind): Promise<string> => {
      const result = await lab.run('true', (spec) => {
        spec.linux.namespaces.push({ type: 'user' });
        spec.linux['uidMappings'] = spec.linux['gidMappings'] = map;
        withHooks({ [kind]: [say] })(spec);
      });
      return result.stderr.trim().split('status 1: ')[1] ?? result.stderr;
    };
    const host = `0 ${readlinkSync('/proc/self/ns/user')}`;
    assert.equal(await saidBy('createRuntime'), host);
    for (const kind of ['createContainer', 'startContainer'] as const) {
      const said = await saidBy(kind);
      assert.match(said, /^0 user:/);
      assert.notEqual(said, host);
    }
  });

  describe('that fail', () => {
    for (const kind of ['prestart', 'createRuntime', 'createContainer'] as const) {
      it(`in ${kind}: nothing is made, later ones do not run, those for the end do`, async () => {
        const hooks = everyKind('echo $0');
        hooks[kind] = [sh('echo why >&2; exit 7'), sh(`echo never >> ${log}`)];
        const result = await lab.run('echo program', withHooks(hooks));
        assert.equal(result.code, 1);
        assert.equal(result.stdout, '');
        assert.match(result.stderr, new RegExp(`hooks\\.${kind}\\[0\\]: /bin/sh ended with status 7: why`));
        const before = kinds.slice(0, kinds.indexOf(kind));
        assert.deepEqual(lines(), [...before, 'poststop']);
      });
    }

    it('in startContainer: the program does not run and the container is stopped', async () => {
      const id = lab.newId();
      const hooks: Hooks = { startContainer: [sh('exit 3')], poststop: [sh(`echo poststop >> ${log}`)] };
      await lab.quiet('create', '--bundle', lab.bundle('echo ran > /ran', withHooks(hooks)), id);
      const started = await lab.box('start', id);
      assert.equal(started.code, 1);
      assert.match(started.stderr, /hooks\.startContainer\[0\]: \/bin\/sh ended with status 3/);
      assert.equal((JSON.parse((await lab.box('state', id)).stdout) as { status: string }).status, 'stopped');
      assert.equal((await lab.box('delete', id)).code, 0);
      assert.deepEqual(lines(), ['poststop']);
    });

    it('in poststart: start fails and the container is killed', async () => {
      const id = lab.newId();
      await lab.quiet('create', '--bundle', lab.bundle('sleep 1000', withHooks({ poststart: [sh('kill -9 $$')] })), id);
      const { pid } = JSON.parse((await lab.box('state', id)).stdout) as { pid: number };
      const started = await lab.box('start', id);
      assert.equal(started.code, 1);
      assert.match(started.stderr, /hooks\.poststart\[0\]: \/bin\/sh was killed by signal 9/);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
      assert.ok(!existsSync(`/proc/${String(pid)}/root/bin/busybox`));
    });

    it('in poststop: that is a warning, the rest runs and the container is gone', async () => {
      const hooks: Hooks = { poststop: [{ path: '/no/such/hook' }, sh(`echo rest >> ${log}`)] };
      const result = await lab.run('exit 5', withHooks(hooks));
      assert.equal(result.code, 5);
      assert.match(
        result.stderr,
        /warning: hooks\.poststop\[0\]: \/no\/such\/hook ended with status 127: execute it: No/,
      );
      assert.deepEqual(lines(), ['rest']);
    });

    it('by not ending in time: are killed with what they started', async () => {
      const pids = join(lab.directory, 'pids');
      const hook = { ...sh(`sleep 1000 & echo $$ $! > ${pids}; wait`), timeout: 1 };
      const result = await lab.run('true', withHooks({ createRuntime: [hook] }));
      assert.equal(result.code, 1);
      assert.match(result.stderr, /hooks\.createRuntime\[0\]: \/bin\/sh did not end within 1 s and was killed/);
      const killed = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
      assert.equal(killed.length, 2);
      // The box waits for its own child alone; what that has started needs a moment to end.
      await eventually('nothing of the hook runs', () => !killed.some(isRunning));
    });

    it('by not reading their input: do not hold anything up', async () => {
      assert.equal((await lab.run('true', withHooks(everyKind('exec < /dev/null')))).code, 0);
    });
  });

  describe('are refused by the name of the field', () => {
    const cases: readonly [string, unknown, RegExp][] = [
      ['hooks that are no object', [], /hooks: expected an object/],
      ['a kind that is no list', { prestart: {} }, /hooks\.prestart: expected an array/],
      ['no path', { poststop: [{}] }, /hooks\.poststop\[0\]\.path: expected a string/],
      ['a relative path', { prestart: [sh('true'), { path: 'sh' }] }, /hooks\.prestart\[1\]\.path: sh is not absolute/],
      ['a timeout of nothing', { poststart: [{ path: '/x', timeout: 0 }] }, /hooks\.poststart\[0\]\.timeout: expected/],
      [
        'a timeout in the past',
        { poststart: [{ path: '/x', timeout: -1 }] },
        /hooks\.poststart\[0\]\.timeout: expected/,
      ],
      ['an environment of numbers', { createRuntime: [{ path: '/x', env: [1] }] }, /hooks\.createRuntime\[0\]\.env/],
    ];
    for (const [name, hooks, expected] of cases) {
      it(name, async () => {
        const result = await lab.run('true', (spec) => void (spec['hooks'] = hooks));
        assert.equal(result.code, 1);
        assert.match(result.stderr, expected);
      });
    }
  });

  afterEach('leaves no cgroup and no record', () => {
    assert.deepEqual(lab.leftRecords(), []);
    assert.deepEqual(lab.leftCgroups(), []);
  });
});
